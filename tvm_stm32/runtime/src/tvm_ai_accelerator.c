/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of tvm_ai_accelerator.h. The same for every model. */
#include "tvm_ai_accelerator.h"

#include <string.h>

/* Ends what lives; whatever else is in the structure is forgotten. */
static void reset(tvm_ai_accelerated *accelerated)
{
    (void)tvm_ai_destroy_accelerated(accelerated);
    (void)memset(accelerated, 0, sizeof *accelerated);
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_create_accelerated(tvm_ai_accelerated *accelerated, const tvm_ai_accelerable *accelerable,
                                        const tvm_ai_memory *memory, const tvm_ai_accelerator *accelerator)
{
    if (accelerated == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    reset(accelerated);
    if (accelerable == NULL || accelerator == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    tvm_ai_status status = tvm_ai_create(&accelerated->instance, accelerable->model, memory);
    if (status != TVM_AI_OK) {
        return status;
    }
    tvm_ai_answer answer = TVM_AI_ACCELERATOR_DONE;
    if (accelerator->open != NULL) {
        answer = accelerator->open(accelerator->context, accelerable->model, &accelerated->parameters);
    }
    accelerated->accelerable = accelerable;
    if (answer == TVM_AI_ACCELERATOR_DONE) {
        accelerated->accelerator = accelerator;
    } else if (answer != TVM_AI_ACCELERATOR_DECLINES) {
        reset(accelerated);
        status = TVM_AI_ERROR_ACCELERATOR;
    }
    return status;
}

/* TVM_AI_OK when the accelerator is ready and, if it has a copy of the parameters, the instance reads that. */
static tvm_ai_status wait(tvm_ai_accelerated *accelerated)
{
    const tvm_ai_accelerator *accelerator = accelerated->accelerator;
    tvm_ai_answer answer = TVM_AI_ACCELERATOR_DONE;
    while (accelerator->ready != NULL) {
        answer = accelerator->ready(accelerator->context);
        if (answer != TVM_AI_ACCELERATOR_BUSY) {
            break;
        }
    }
    if (answer != TVM_AI_ACCELERATOR_DONE) {
        return TVM_AI_ERROR_ACCELERATOR;
    }
    tvm_ai_status status = TVM_AI_OK;
    if (accelerated->parameters != NULL) {
        const size_t size = accelerated->accelerable->model->parameters_size;
        status = tvm_ai_set_parameters(&accelerated->instance, accelerated->parameters, size);
    }
    accelerated->ready = status == TVM_AI_OK;
    return status;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_run_accelerated(tvm_ai_accelerated *accelerated)
{
    if (accelerated == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    tvm_ai_instance *const instance = &accelerated->instance;
    const tvm_ai_accelerator *const accelerator = accelerated->accelerator;
    tvm_ai_status status = tvm_ai_check(instance);
    if (status == TVM_AI_OK && accelerator != NULL && !accelerated->ready) {
        status = instance->error = wait(accelerated);
    }
    if (status != TVM_AI_OK) {
        return status;
    }
    if (accelerator == NULL || accelerator->run == NULL) {
        return tvm_ai_run(instance);
    }
    if (accelerated->accelerable->run(instance, accelerator) != TVM_AI_ACCELERATOR_DONE) {
        instance->error = TVM_AI_ERROR_ACCELERATOR;
    }
    return instance->error;
}

TVM_AI_SHARED
tvm_ai_status tvm_ai_destroy_accelerated(tvm_ai_accelerated *accelerated)
{
    if (accelerated == NULL) {
        return TVM_AI_ERROR_NULL;
    }
    const tvm_ai_accelerator *const accelerator = accelerated->accelerator;
    tvm_ai_status status = tvm_ai_destroy(&accelerated->instance);
    if (status == TVM_AI_OK && accelerator != NULL && accelerator->close != NULL) {
        accelerator->close(accelerator->context);
    }
    return status;
}
