/* SPDX-License-Identifier: Apache-2.0 */
/* Runs with accelerators that claim, decline, are slow, fail, or copy the parameters; and wrong use of them. */
#include "check.h"
#include "tiny_accelerated.h"
#include "tiny_data.h"

#include <string.h>

/* An accelerator in C: what it is to answer, and what it was asked. */
typedef struct {
    tvm_ai_answer open_answer, ready_answer, run_answer;
    int busy;               /* answers of ready before that */
    const char *claims;     /* the operator of nodes that it computes or fails at; null: none */
    void *copy;             /* where it puts the parameters; null: it does not */
    const void *from;
    int opened, asked, offered, closed;
} device;

static uint8_t arena[TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
static uint8_t copy[sizeof(tiny_parameters) + 4] TVM_AI_ALIGNED;
static const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
static tvm_ai_accelerated tiny;

static tvm_ai_answer device_open(void *context, const tvm_ai_model *model, const void **parameters)
{
    device *self = context;
    self->opened++;
    CHECK(model == &tiny_model);
    if (self->copy != NULL) {
        *parameters = self->copy;
        self->from = model->parameters;
    }
    return self->open_answer;
}

static tvm_ai_answer device_ready(void *context)
{
    device *self = context;
    self->asked++;
    if (self->busy > 0) {
        self->busy--;
        return TVM_AI_ACCELERATOR_BUSY;
    }
    if (self->copy != NULL) { /* the transfer ends now */
        (void)memcpy(self->copy, self->from, sizeof(tiny_parameters));
    }
    return self->ready_answer;
}

/* What tells a node of those that it does not compute. */
static void check_job(const tvm_ai_job *job)
{
    const tvm_ai_tensor *tensors = job->tensors;
    const tvm_ai_tensor *written = &tensors[job->inputs];
    CHECK(job->node->index < TINY_NODES && job->outputs == 1);
    CHECK(job->parameters == tvm_ai_parameters(&tiny.instance));
    for (uint32_t i = 0; i < job->inputs; i++) {
        const uint8_t *read = tensors[i].data, *write = written->data;
        CHECK(read + tensors[i].info->size <= write || write + written->info->size <= read);
    }
    if (strcmp(job->node->operation, "ADD") == 0) {
        CHECK(job->inputs == 2 && tensors[1].data == tvm_ai_input(&tiny.instance, 1)->data);
        CHECK(strcmp(tensors[0].info->name, "scaled") == 0 && strcmp(tensors[2].info->name, "added") == 0);
        CHECK(tensors[0].info->rank == 4 && tensors[0].info->shape[3] == 2 && tensors[0].info->size == 8);
        CHECK(tensors[1].info->quantizations == 2 && tensors[1].info->axis == 3);
        CHECK(tensors[2].info->type == TVM_AI_INT8 && tensors[2].info->alignment == 1);
    }
}

static tvm_ai_answer device_run(void *context, const tvm_ai_job *job)
{
    device *self = context;
    self->offered++;
    check_job(job);
    if (self->claims == NULL || strcmp(job->node->operation, self->claims) != 0) {
        return TVM_AI_ACCELERATOR_DECLINES;
    }
    if (self->run_answer == TVM_AI_ACCELERATOR_DONE) {
        const int8_t *a = job->tensors[0].data, *b = job->tensors[1].data;
        int8_t *sum = job->tensors[2].data;
        for (size_t i = 0; i < job->tensors[2].info->size; i++) {
            int value = a[i] + b[i];
            sum[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
        }
    }
    return self->run_answer;
}

static void device_close(void *context)
{
    device *self = context;
    self->closed++;
}

#define TABLE(device) {device_open, device_ready, device_run, device_close, (device)}

static void run_and_print(const char *title, int seed)
{
    fill(&tiny.instance, seed);
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_OK);
    CHECK(tvm_ai_error(&tiny.instance) == TVM_AI_OK);
    print_outputs(title, &tiny.instance);
}

static void claims_and_declines(void)
{
    device adder = {.claims = "ADD"};
    const tvm_ai_accelerator accelerator = TABLE(&adder);
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_OK);
    CHECK(adder.opened == 1 && adder.asked == 0);
    run_and_print("claims one", 1);
    CHECK(adder.asked == 1 && adder.offered == TINY_NODES);
    adder.claims = NULL;
    run_and_print("declines all", 2);
    CHECK(adder.asked == 1 && adder.offered == 2 * TINY_NODES);
    fill(&tiny.instance, 3);
    CHECK(tvm_ai_run(&tiny.instance) == TVM_AI_OK);
    print_outputs("without it", &tiny.instance);
    CHECK(adder.offered == 2 * TINY_NODES);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_OK && adder.closed == 1);
    CHECK(tiny_accelerable.nodes[TINY_NODES - 1].index == TINY_NODES - 1);

    const tvm_ai_accelerator nothing = {.context = NULL};
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &nothing) == TVM_AI_OK);
    run_and_print("does nothing", 4);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_OK);
}

static void in_the_background(void)
{
    device dma = {.busy = 3, .copy = copy};
    tvm_ai_accelerator accelerator = TABLE(&dma);
    accelerator.run = NULL;
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_OK);
    CHECK(dma.asked == 0 && tvm_ai_parameters(&tiny.instance) == &tiny_weights);
    fill(&tiny.instance, 1);
    CHECK(tvm_ai_run(&tiny.instance) == TVM_AI_OK); /* needs not wait */
    print_outputs("meanwhile", &tiny.instance);
    run_and_print("from the copy", 5);
    CHECK(dma.asked == 4 && tvm_ai_parameters(&tiny.instance) == copy);
    (void)memset(copy, 0, sizeof copy);
    run_and_print("spoilt copy", 5);
    CHECK(dma.asked == 4);
    dma.copy = copy + 2; /* of two that live, the first is closed */
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_OK);
    CHECK(dma.opened == 2 && dma.closed == 1);
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_ALIGNMENT);
    CHECK(tvm_ai_error(&tiny.instance) == TVM_AI_ERROR_ALIGNMENT);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_OK && dma.closed == 2);
}

static void fails(void)
{
    device broken = {.claims = "ADD", .open_answer = TVM_AI_ACCELERATOR_FAILED};
    const tvm_ai_accelerator accelerator = TABLE(&broken);
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_ERROR_ACCELERATOR);
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_NOT_CREATED && broken.closed == 0);
    broken.open_answer = TVM_AI_ACCELERATOR_BUSY; /* no answer of open's */
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_ERROR_ACCELERATOR);

    broken.open_answer = TVM_AI_ACCELERATOR_DECLINES;
    broken.copy = copy;
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_OK);
    run_and_print("not there", 6);
    CHECK(tvm_ai_parameters(&tiny.instance) == &tiny_weights);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_OK);
    CHECK(broken.asked == 0 && broken.offered == 0 && broken.closed == 0);

    broken.copy = NULL;
    broken.open_answer = TVM_AI_ACCELERATOR_DONE;
    broken.ready_answer = TVM_AI_ACCELERATOR_FAILED;
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_OK);
    fill(&tiny.instance, 7);
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_ACCELERATOR && broken.offered == 0);
    CHECK(tvm_ai_error(&tiny.instance) == TVM_AI_ERROR_ACCELERATOR);
    print("%s\n", tvm_ai_status_text(TVM_AI_ERROR_ACCELERATOR));
    CHECK(tvm_ai_run(&tiny.instance) == TVM_AI_OK); /* the inputs are as they were */
    print_outputs("in spite of it", &tiny.instance);
    broken.ready_answer = TVM_AI_ACCELERATOR_DECLINES; /* no answer of ready's */
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_ACCELERATOR);
    broken.ready_answer = TVM_AI_ACCELERATOR_DONE;

    broken.run_answer = TVM_AI_ACCELERATOR_FAILED;
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_ACCELERATOR && broken.offered == 2);
    CHECK(tvm_ai_error(&tiny.instance) == TVM_AI_ERROR_ACCELERATOR);
    broken.run_answer = TVM_AI_ACCELERATOR_BUSY; /* no answer of run's */
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_ACCELERATOR);
    broken.run_answer = TVM_AI_ACCELERATOR_DONE;
    run_and_print("repaired", 8);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_OK && broken.closed == 1);
}

static void misuse(void)
{
    device fine = {.claims = "ADD"};
    const tvm_ai_accelerator accelerator = TABLE(&fine);
    CHECK(tvm_ai_run_accelerated(NULL) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_destroy_accelerated(NULL) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_NOT_CREATED);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_ERROR_NOT_CREATED);
    CHECK(tvm_ai_create_accelerated(NULL, &tiny_accelerable, &memory, &accelerator) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_create_accelerated(&tiny, NULL, &memory, &accelerator) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, NULL, &accelerator) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, NULL) == TVM_AI_ERROR_NULL);
    const tvm_ai_memory less = {arena, TINY_ACTIVATIONS_SIZE - 1}, odd = {arena + 1, sizeof arena};
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &less, &accelerator) == TVM_AI_ERROR_SIZE);
    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &odd, &accelerator) == TVM_AI_ERROR_ALIGNMENT);
    tvm_ai_model newer = tiny_model;
    newer.api_version = TVM_AI_API_VERSION + 1;
    const tvm_ai_accelerable other = {&newer, tiny_accelerable.nodes, tiny_accelerable.run};
    CHECK(tvm_ai_create_accelerated(&tiny, &other, &memory, &accelerator) == TVM_AI_ERROR_VERSION);
    CHECK(fine.opened == 0);

    CHECK(tvm_ai_create_accelerated(&tiny, &tiny_accelerable, &memory, &accelerator) == TVM_AI_OK);
    tvm_ai_tensor *real = tvm_ai_output(&tiny.instance, 1);
    uint8_t *right = real->data;
    real->data = right + 2;
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_ALIGNMENT && fine.asked == 0);
    real->data = NULL;
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_NO_DATA && fine.asked == 0);
    real->data = right;
    run_and_print("after all that", 9);
    CHECK(tvm_ai_destroy(&tiny.instance) == TVM_AI_OK); /* of the instance alone: then nothing is left to close */
    CHECK(tvm_ai_run_accelerated(&tiny) == TVM_AI_ERROR_NOT_CREATED);
    CHECK(tvm_ai_destroy_accelerated(&tiny) == TVM_AI_ERROR_NOT_CREATED && fine.closed == 0);
}

int main(void)
{
    misuse();
    claims_and_declines();
    in_the_background();
    fails();
    finish();
}
