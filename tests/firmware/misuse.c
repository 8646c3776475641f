/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong use gives a status, and what worked before still works. */
#include "check.h"
#include "outside.h"
#include "tiny.h"
#include "tiny_data.h"

#include <string.h>

static uint8_t arena[TINY_ACTIVATIONS_SIZE + TVM_AI_ALIGNMENT] TVM_AI_ALIGNED;
static tvm_ai_instance tiny; /* static: zeros, so not created yet */

static const tvm_ai_memory good = {.activations = arena, .size = TINY_ACTIVATIONS_SIZE};
static const tvm_ai_memory none = {.activations = NULL, .size = TINY_ACTIVATIONS_SIZE};
static const tvm_ai_memory small = {.activations = arena, .size = TINY_ACTIVATIONS_SIZE - 1};
static const tvm_ai_memory odd = {.activations = arena + 1, .size = TINY_ACTIVATIONS_SIZE};
static const tvm_ai_memory half = {
    .activations = arena + TINY_ACTIVATIONS_ALIGNMENT / 2,
    .size = TINY_ACTIVATIONS_SIZE,
};

/* Every way in which create can fail, said in words. `instance` must come out of it as it went in. */
static void fail_to_create(tvm_ai_instance *instance)
{
    tvm_ai_instance before;
    tvm_ai_model newer = tiny_model;
    newer.api_version = TVM_AI_API_VERSION + 1;
    (void)memcpy(&before, instance, sizeof before);
    print("no instance: %s\n", tvm_ai_status_text(tvm_ai_create(NULL, &tiny_model, &good)));
    print("no model: %s\n", tvm_ai_status_text(tvm_ai_create(instance, NULL, &good)));
    print("no memory: %s\n", tvm_ai_status_text(tvm_ai_create(instance, &tiny_model, NULL)));
    print("no activations: %s\n", tvm_ai_status_text(tvm_ai_create(instance, &tiny_model, &none)));
    print("short: %s\n", tvm_ai_status_text(tvm_ai_create(instance, &tiny_model, &small)));
    print("odd: %s\n", tvm_ai_status_text(tvm_ai_create(instance, &tiny_model, &odd)));
    print("half: %s\n", tvm_ai_status_text(tvm_ai_create(instance, &tiny_model, &half)));
    print("version: %s\n", tvm_ai_status_text(tvm_ai_create(instance, &newer, &good)));
    CHECK(memcmp(&before, instance, sizeof before) == 0);
}

/* Every function on an instance that is null or does not live. */
static void use(tvm_ai_instance *instance, tvm_ai_status expected)
{
    tvm_ai_report report = {.nodes = 99};
    CHECK(tvm_ai_run(instance) == expected);
    CHECK(tvm_ai_error(instance) == expected);
    CHECK(tvm_ai_destroy(instance) == expected);
    CHECK(tvm_ai_get_report(instance, &report) == expected);
    CHECK(report.nodes == 99);
    CHECK(tvm_ai_inputs(instance) == 0);
    CHECK(tvm_ai_outputs(instance) == 0);
    CHECK(tvm_ai_input(instance, 0) == NULL);
    CHECK(tvm_ai_output(instance, 0) == NULL);
    CHECK(tvm_ai_activations(instance) == NULL);
    CHECK(tvm_ai_activations_size(instance) == 0);
    CHECK(tvm_ai_parameters(instance) == NULL);
    CHECK(tvm_ai_parameters_size(instance) == 0);
}

int main(void)
{
    use(NULL, TVM_AI_ERROR_NULL);

    /* Run before create, and after a create that failed. */
    use(&tiny, TVM_AI_ERROR_NOT_CREATED);
    fail_to_create(&tiny);
    use(&tiny, TVM_AI_ERROR_NOT_CREATED);

    /* A living instance survives every failure. */
    CHECK(tvm_ai_create(&tiny, &tiny_model, &good) == TVM_AI_OK);
    fill(&tiny, 1);
    fail_to_create(&tiny);
    CHECK(tvm_ai_error(&tiny) == TVM_AI_OK);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    print_outputs("after failures", &tiny);

    /* Indices out of range; the error stays until a run succeeds. */
    CHECK(tvm_ai_input(&tiny, TINY_INPUTS - 1) != NULL);
    CHECK(tvm_ai_input(&tiny, TINY_INPUTS) == NULL);
    CHECK(tvm_ai_error(&tiny) == TVM_AI_ERROR_INDEX);
    CHECK(tvm_ai_output(&tiny, TINY_OUTPUTS - 1) != NULL);
    CHECK(tvm_ai_output(&tiny, UINT32_MAX) == NULL);
    CHECK(tvm_ai_error(&tiny) == TVM_AI_ERROR_INDEX);
    CHECK(tvm_ai_get_report(&tiny, NULL) == TVM_AI_ERROR_NULL);
    fill(&tiny, 2);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    CHECK(tvm_ai_error(&tiny) == TVM_AI_OK);
    print_outputs("after indices", &tiny);

    /* Data of an output that suits a float badly: nothing runs, and right again it does. */
    tvm_ai_tensor *real = tvm_ai_output(&tiny, 1);
    uint8_t *right = real->data;
    real->data = right + 2;
    fill(&tiny, 3);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_ERROR_ALIGNMENT);
    CHECK(tvm_ai_error(&tiny) == TVM_AI_ERROR_ALIGNMENT);
    real->data = right;
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    print_outputs("after misalignment", &tiny);

    /* Another model in the same instance and memory: the first is gone, nothing else. */
    CHECK(tvm_ai_create(&tiny, &outside_model, &good) == TVM_AI_OK);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_ERROR_NO_DATA);
    CHECK(tvm_ai_create(&tiny, &tiny_model, &good) == TVM_AI_OK);

    /* Destroy, then run, then destroy again. */
    CHECK(tvm_ai_destroy(&tiny) == TVM_AI_OK);
    use(&tiny, TVM_AI_ERROR_NOT_CREATED);

    print("ok: %s\n", tvm_ai_status_text(TVM_AI_OK));
    print("index: %s\n", tvm_ai_status_text(TVM_AI_ERROR_INDEX));
    print("no data: %s\n", tvm_ai_status_text(TVM_AI_ERROR_NO_DATA));
    print("not created: %s\n", tvm_ai_status_text(TVM_AI_ERROR_NOT_CREATED));
    print("99: %s\n", tvm_ai_status_text((tvm_ai_status)99));
    finish();
}
