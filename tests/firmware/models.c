/* SPDX-License-Identifier: Apache-2.0 */
/* What a program can ask at run time: a model by name, its report, its tensors and their quantization. */
#include "check.h"
#include "mirror.h"
#include "tiny.h"
#include "total.h"

#include <string.h>

/* The table is the application's, so that the linker keeps the models it names and no others. */
static const tvm_ai_model *const models[] = {&tiny_model, NULL, &total_model, &mirror_model};
#define COUNT (sizeof models / sizeof models[0])

static uint8_t arena[TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;

static void print_tensor(const char *role, uint32_t index, const tvm_ai_tensor_info *info)
{
    static const char *const types[] = {"int8", "uint8", "int16", "int32", "float32"};
    print(" %s %u: %s %s", role, (unsigned)index, info->name, types[info->type]);
    for (uint32_t i = 0; i < info->rank; i++) {
        print(i == 0 ? " %ld" : "x%ld", (long)info->shape[i]);
    }
    print(", %u bytes", (unsigned)info->size);
    for (uint32_t i = 0; i < info->quantizations; i++) {
        print(", %ld/1000 zero %ld", (long)(info->scales[i] * 1000.0f), (long)info->zero_points[i]);
    }
    print(info->quantizations == 0 ? ", not quantized\n" : ", axis %ld\n", (long)info->axis);
}

static void describe(const char *name)
{
    const tvm_ai_model *model = tvm_ai_find_model(models, COUNT, name);
    if (model == NULL) {
        print("%s: none\n", name);
        return;
    }
    tvm_ai_instance instance;
    tvm_ai_report report;
    CHECK(tvm_ai_create(&instance, model, &(tvm_ai_memory){arena, sizeof arena}) == TVM_AI_OK);
    CHECK(tvm_ai_get_report(&instance, &report) == TVM_AI_OK);
    CHECK(report.api_version == TVM_AI_API_VERSION);
    print("%s: %s from %s, sha256 %.8s of %u digits\n", report.name, report.description, report.source,
          report.signature, (unsigned)strlen(report.signature));
    print(" by %s\n", report.versions);
    print(" %u nodes, %lu MACs, %u inputs, %u outputs, %u bytes of activations, %u of parameters\n",
          (unsigned)report.nodes, (unsigned long)report.macs, (unsigned)report.inputs, (unsigned)report.outputs,
          (unsigned)report.activations_size, (unsigned)report.parameters_size);
    CHECK(report.inputs == tvm_ai_inputs(&instance));
    CHECK(report.outputs == tvm_ai_outputs(&instance));
    CHECK(report.activations_size == tvm_ai_activations_size(&instance));
    CHECK(report.parameters_size == tvm_ai_parameters_size(&instance));
    CHECK(tvm_ai_parameters(&instance) == model->parameters);
    for (uint32_t i = 0; i < report.inputs; i++) {
        print_tensor("input", i, tvm_ai_input(&instance, i)->info);
    }
    for (uint32_t i = 0; i < report.outputs; i++) {
        print_tensor("output", i, tvm_ai_output(&instance, i)->info);
    }
}

int main(void)
{
    describe("tiny");
    describe("total");
    describe("mirror");
    describe("tin");
    describe("tiny2");
    describe("");
    CHECK(tvm_ai_find_model(NULL, COUNT, "tiny") == NULL);
    CHECK(tvm_ai_find_model(models, COUNT, NULL) == NULL);
    CHECK(tvm_ai_find_model(models, 2, "total") == NULL);
    CHECK(tiny_model.parameters == &tiny_weights);
    CHECK(tiny_model.parameters_size == sizeof tiny_weights);
    CHECK(total_model.parameters == NULL);
    CHECK(strcmp(tiny_model.signature, tiny_signature) == 0);
    finish();
}
