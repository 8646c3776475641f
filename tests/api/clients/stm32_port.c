/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware as users of TVM's former STM32 port wrote it: it knows its models by the iterator alone. */
#include "ai_runtime_api.h"
#include "tiny.h"
#include "tiny_data.h"

#include "check.h"

#include <string.h>

AI_STATIC AI_ALIGNED(8) uint8_t activations[_TINY_ACTIVATION_BYTES_];
AI_STATIC AI_ALIGNED(4) uint8_t weights[256];
static int8_t in_0[8], in_1[8], out_0[8];
static float out_1[8];

static ai_model_info *find(const char *name)
{
    for (ai_model_iterator it = ai_model_iterator_begin(); it != ai_model_iterator_end();
         it = ai_model_iterator_next(it)) {
        ai_model_info *model = ai_model_iterator_value(it);
        if (strcmp(AI_MODEL_name(model), name) == 0) {
            return model;
        }
    }
    return NULL;
}

static void fill(ai_tensor *x, ai_tensor *side, int seed)
{
    for (int i = 0; i < 8; i++) {
        ((int8_t *)get_dltensor(x)->data)[i] = (int8_t)(seed * 7 + i * 11 - 40);
        ((int8_t *)get_dltensor(side)->data)[i] = (int8_t)(i * 3 - seed);
    }
}

static void show(const char *title, ai_tensor *first, ai_tensor *second)
{
    const int8_t *sums = first->dltensor.data;
    const float *real = second->dltensor.data;
    print("%s:", title);
    for (int i = 0; i < 8; i++) {
        print(" %d", sums[i]);
    }
    for (int i = 0; i < 8; i++) {
        print(" %ld", (long)(real[i] * 1000.0f + (real[i] < 0.0f ? -0.5f : 0.5f)));
    }
    print("\n");
}

static void run(const char *title, ai_handle handle, int seed)
{
    fill(ai_get_input(handle, 0), ai_get_input(handle, 1), seed);
    CHECK(ai_run(handle) == AI_STATUS_OK);
    CHECK(strcmp(ai_get_error(handle), "") == 0);
    show(title, ai_get_output(handle, 0), ai_get_output(handle, 1));
}

/* --- what an application can ask --- */

static void show_tensor(ai_tensor *tensor)
{
    const DLTensor *dltensor = get_dltensor(tensor);
    print(" code %d bits %d, %lu elements, %lu bytes,", dltensor->dtype.code, dltensor->dtype.bits,
          (unsigned long)get_tensor_elts(tensor), (unsigned long)get_tensor_size(tensor));
    for (int32_t i = 0; i < dltensor->ndim; i++) {
        print("%c%ld", i == 0 ? ' ' : 'x', (long)dltensor->shape[i]);
    }
    const ai_quantization_info *quantization = ai_get_quantization(tensor);
    if (quantization != NULL) {
        const int32_t count = quantization->dim < 0 ? 1 : (int32_t)dltensor->shape[quantization->dim];
        for (int32_t i = 0; i < count; i++) {
            print(", %ld/1000 zero %ld", (long)(quantization->scale[i] * 1000.0f), (long)quantization->zero_point[i]);
        }
    }
    CHECK(dltensor->strides == NULL && dltensor->device.device_type == kDLCPU);
    print("\n");
}

static void list(void)
{
    for (ai_model_iterator it = ai_model_iterator_begin(); it != ai_model_iterator_end();
         it = ai_model_iterator_next(it)) {
        const ai_model_info *model = ai_model_iterator_value(it);
        print("%s: %d nodes, %d in, %d out, %lu + %lu bytes, %s\n", AI_MODEL_name(model), AI_MODEL_n_nodes(model),
              AI_MODEL_n_inputs(model), AI_MODEL_n_outputs(model), (unsigned long)AI_MODEL_activations_size(model),
              (unsigned long)AI_MODEL_params_size(model), AI_MODEL_tool_version(model));
    }
    CHECK(ai_model_iterator_value(ai_model_iterator_end()) == NULL);
    CHECK(ai_model_iterator_next(ai_model_iterator_end()) == ai_model_iterator_end());
}

static void ask(ai_handle handle)
{
    print("%s %.8s: %s, api %s, %lu nodes\n", ai_get_name(handle), ai_get_revision(handle), ai_get_tool_version(handle),
          ai_get_api_version(handle), (unsigned long)ai_get_node_size(handle));
    CHECK(strcmp(ai_get_datetime(handle), "") == 0);
    CHECK(ai_get_activations_size(handle) == _TINY_ACTIVATION_BYTES_);
    CHECK(ai_get_input_size(handle) == _TINY_INPUTS_COUNT_ && ai_get_output_size(handle) == _TINY_OUTPUTS_COUNT_);
    CHECK(ai_get_params(handle) == ai_tiny_data_weights_get() && ai_get_params_size(handle) == 24);
    for (int32_t i = 0; i < ai_get_input_size(handle); i++) {
        show_tensor(ai_get_input(handle, i));
    }
    for (int32_t i = 0; i < ai_get_output_size(handle); i++) {
        show_tensor(ai_get_output(handle, i));
    }
}

/* --- memory --- */

static void activations_of_library_and_application(ai_model_info *tiny)
{
    ai_handle handle;
    CHECK(AI_MODEL_activations(tiny) != NULL);
    CHECK(ai_create(tiny, AI_MODEL_activations(tiny), &handle) == AI_STATUS_OK);
    CHECK(ai_get_activations(handle) == AI_MODEL_activations(tiny));
    run("library's", handle, 1);
    ask(handle);
    CHECK(ai_destroy(handle) == AI_STATUS_OK);
    CHECK(ai_create(tiny, activations, &handle) == AI_STATUS_OK);
    CHECK(ai_get_activations(handle) == activations);
    run("application's", handle, 2);
    CHECK(ai_destroy(handle) == AI_STATUS_OK);
}

static void buffers_of_the_application(ai_model_info *outside, ai_model_info *tiny)
{
    ai_handle handle;
    CHECK(ai_create(outside, activations, &handle) == AI_STATUS_OK);
    CHECK(ai_get_input(handle, 0)->dltensor.data == NULL);
    CHECK(ai_run(handle) == AI_STATUS_ERROR);
    print("%s\n", ai_get_error(handle));
    ai_get_input(handle, 0)->dltensor.data = in_0;
    ai_get_input(handle, 1)->dltensor.data = in_1;
    ai_get_output(handle, 0)->dltensor.data = out_0;
    ai_get_output(handle, 1)->dltensor.data = out_1;
    run("outside", handle, 3);
    CHECK(ai_destroy(handle) == AI_STATUS_OK);

    CHECK(ai_create(tiny, activations, &handle) == AI_STATUS_OK);
    ai_get_input(handle, 0)->dltensor.data = in_0;
    ai_get_output(handle, 0)->dltensor.data = out_0;
    run("elsewhere", handle, 4);
    CHECK(in_0[0] == 4 * 7 - 40);
    ai_get_input(handle, 0)->dltensor.byte_offset = 1;
    in_0[0] = 100; /* not looked at: the tensor starts one further */
    static int8_t shifted[9] = {100, -30, -19, -8, 3, 14, 25, 36, 47};
    ai_get_input(handle, 0)->dltensor.data = shifted;
    for (int i = 0; i < 8; i++) {
        shifted[i + 1] = (int8_t)(5 * 7 + i * 11 - 40);
        ((int8_t *)ai_get_input(handle, 1)->dltensor.data)[i] = (int8_t)(i * 3 - 5);
    }
    CHECK(ai_run(handle) == AI_STATUS_OK);
    show("with an offset", ai_get_output(handle, 0), ai_get_output(handle, 1));
    ai_get_input(handle, 0)->dltensor.byte_offset = 0;
    CHECK(ai_destroy(handle) == AI_STATUS_OK);
}

/* The model's own functions, with weights in other memory. */
static void weights_elsewhere(ai_model_info *tiny)
{
    CHECK(AI_MODEL_params_size(tiny) <= sizeof weights);
    (void)memcpy(weights, ai_tiny_data_weights_get(), AI_MODEL_params_size(tiny));
    CHECK(ai_tiny_create(weights, activations) == AI_STATUS_OK);
    fill(AI_MODEL_inputs(tiny)[0], AI_MODEL_inputs(tiny)[1], 5);
    CHECK(ai_tiny_run(AI_MODEL_inputs(tiny), AI_MODEL_outputs(tiny)) == AI_STATUS_OK);
    show("copied weights", AI_MODEL_outputs(tiny)[0], AI_MODEL_outputs(tiny)[1]);
    (void)memset(weights, 0, sizeof weights);
    fill(AI_MODEL_inputs(tiny)[0], AI_MODEL_inputs(tiny)[1], 5);
    CHECK(ai_tiny_run(AI_MODEL_inputs(tiny), AI_MODEL_outputs(tiny)) == AI_STATUS_OK);
    show("no weights", AI_MODEL_outputs(tiny)[0], AI_MODEL_outputs(tiny)[1]);
    CHECK(ai_tiny_destroy() == AI_STATUS_OK);
}

static void two_models_in_one_memory(ai_model_info *tiny, ai_model_info *total)
{
    ai_handle first, second;
    CHECK(ai_create(tiny, activations, &first) == AI_STATUS_OK);
    CHECK(ai_create(total, activations, &second) == AI_STATUS_OK);
    for (int seed = 1; seed <= 2; seed++) {
        int8_t values[4];
        run("tiny", first, seed);
        (void)memcpy(values, ai_get_output(first, 0)->dltensor.data, sizeof values);
        (void)memcpy(ai_get_input(second, 0)->dltensor.data, values, sizeof values);
        CHECK(ai_run(second) == AI_STATUS_OK);
        print("total: %ld\n", (long)*(const int32_t *)ai_get_output(second, 0)->dltensor.data);
    }
    CHECK(ai_get_params(second) == NULL && ai_get_quantization(ai_get_output(second, 0)) == NULL);
    CHECK(ai_destroy(first) == AI_STATUS_OK);
    CHECK(ai_destroy(second) == AI_STATUS_OK);
}

/* --- wrong use --- */

static void bad_handles(ai_model_info *tiny)
{
    ai_handle destroyed;
    CHECK(ai_create(tiny, activations, &destroyed) == AI_STATUS_OK && ai_destroy(destroyed) == AI_STATUS_OK);
    const ai_handle wrong[] = {AI_HANDLE_NULL, &destroyed, AI_HANDLE_PTR((uintptr_t)0xFFFFFFF1u), destroyed};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(ai_run(wrong[i]) == AI_STATUS_ERROR && ai_destroy(wrong[i]) == AI_STATUS_ERROR);
        CHECK(strcmp(ai_get_error(wrong[i]), "instance not created") == 0);
        CHECK(ai_get_input_size(wrong[i]) == 0 && ai_get_output_size(wrong[i]) == 0);
        CHECK(ai_get_input(wrong[i], 0) == NULL && ai_get_output(wrong[i], 0) == NULL);
        CHECK(strcmp(ai_get_name(wrong[i]), "") == 0 && ai_get_node_size(wrong[i]) == 0);
        CHECK(ai_get_activations(wrong[i]) == NULL && ai_get_params(wrong[i]) == NULL);
    }
}

static void bad_memory(ai_model_info *tiny)
{
    ai_handle handle = &handle;
    CHECK(ai_create(NULL, activations, &handle) == AI_STATUS_ERROR && handle == AI_HANDLE_NULL);
    CHECK(ai_create(tiny, NULL, &handle) == AI_STATUS_ERROR && handle == AI_HANDLE_NULL);
    CHECK(ai_create(tiny, activations + 4, &handle) == AI_STATUS_ERROR && handle == AI_HANDLE_NULL);
    CHECK(ai_create(tiny, activations, NULL) == AI_STATUS_ERROR);
    CHECK(ai_tiny_create(weights + 2, activations) == AI_STATUS_ERROR);
    CHECK(ai_tiny_run(AI_MODEL_inputs(tiny), AI_MODEL_outputs(tiny)) == AI_STATUS_ERROR); /* nothing is bound */
    CHECK(ai_tiny_destroy() == AI_STATUS_ERROR);
}

static void bad_runs(ai_model_info *tiny)
{
    ai_handle handle;
    CHECK(ai_create(tiny, activations, &handle) == AI_STATUS_OK);
    CHECK(ai_get_input(handle, 2) == NULL && ai_get_input(handle, -1) == NULL && ai_get_output(handle, 2) == NULL);
    CHECK(ai_get_quantization(NULL) == NULL);
    DLTensor *real = get_dltensor(ai_get_output(handle, 1));
    uint8_t *right = real->data;
    real->data = right + 2;
    CHECK(ai_run(handle) == AI_STATUS_ERROR);
    print("%s\n", ai_get_error(handle));
    real->data = right;
    ai_tensor *inputs[] = {ai_get_input(handle, 0), NULL};
    CHECK(ai_tiny_run(inputs, AI_MODEL_outputs(tiny)) == AI_STATUS_ERROR);
    CHECK(ai_tiny_run(NULL, AI_MODEL_outputs(tiny)) == AI_STATUS_ERROR);
    CHECK(ai_tiny_run(AI_MODEL_inputs(tiny), NULL) == AI_STATUS_ERROR);
    print("%s\n", ai_get_error(handle));
    run("after all that", handle, 1);
    CHECK(ai_destroy(handle) == AI_STATUS_OK);
}

int main(void)
{
    ai_model_info *tiny = find("tiny"), *outside = find("outside"), *total = find("total");
    list();
    CHECK(find("nobody") == NULL);
    activations_of_library_and_application(tiny);
    buffers_of_the_application(outside, tiny);
    weights_elsewhere(tiny);
    two_models_in_one_memory(tiny, total);
    bad_handles(tiny);
    bad_memory(tiny);
    bad_runs(tiny);
    finish();
}
