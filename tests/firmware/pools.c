/* SPDX-License-Identifier: Apache-2.0 */
/* A model whose memory is in pools: made, run, and every mistake with them. */
#include "check.h"
#include "net.h"
#include "net_places.h"
#include "net_input.h"

#include <string.h>

static tvm_ai_pooled_instance net;

static void run_in(const char *title, const tvm_ai_memory *memory)
{
    CHECK(tvm_ai_create_in_pools(&net, &net_model, memory, NET_POOLS) == TVM_AI_OK);
#if defined(NET_UNLINKED)
    /* What a flash programmer does with net_weights.bin. */
    (void)memcpy((void *)(uintptr_t)net_model.layout->group[NET_UNLINKED].address, net_binary, sizeof net_binary);
#endif
    memcpy(tvm_ai_input(&net.instance, 0)->data, net_input, sizeof net_input);
    CHECK(tvm_ai_run(&net.instance) == TVM_AI_OK);
    const int8_t *scores = tvm_ai_output(&net.instance, 0)->data;
    print("%s: %d %d %d\n", title, scores[0], scores[1], scores[2]);
    const tvm_ai_place place = net_places[NET_PLACE_OUTPUT_0];
    CHECK((const int8_t *)memory[place.pool].activations + place.offset == scores);
    CHECK(place.size == NET_OUTPUT_0_SIZE);
}

static void mistakes(void)
{
    static tvm_ai_pooled_instance other;
    tvm_ai_memory memory[NET_POOLS];
    (void)memcpy(memory, net_memory, sizeof memory);
    CHECK(tvm_ai_create(&other.instance, &net_model, memory) == TVM_AI_ERROR_POOLS);
    CHECK(tvm_ai_create_in_pools(&other, &net_model, memory, NET_POOLS - 1) == TVM_AI_ERROR_POOLS);
    CHECK(tvm_ai_create_in_pools(&other, &net_model, NULL, NET_POOLS) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_create_in_pools(&other, NULL, memory, NET_POOLS) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_create_in_pools(NULL, &net_model, memory, NET_POOLS) == TVM_AI_ERROR_NULL);
    tvm_ai_model model = net_model;
    model.layout = NULL;
    CHECK(tvm_ai_create_in_pools(&other, &model, memory, 1) == TVM_AI_ERROR_POOLS);
    model.api_version++;
    CHECK(tvm_ai_create_in_pools(&other, &model, memory, NET_POOLS) == TVM_AI_ERROR_VERSION);
    memory[1].size--;
    CHECK(tvm_ai_create_in_pools(&other, &net_model, memory, NET_POOLS) == TVM_AI_ERROR_SIZE);
    memory[1].size++;
    memory[1].activations = (uint8_t *)memory[1].activations + 4;
    CHECK(tvm_ai_create_in_pools(&other, &net_model, memory, NET_POOLS) == TVM_AI_ERROR_ALIGNMENT);
    memory[1].activations = NULL;
    CHECK(tvm_ai_create_in_pools(&other, &net_model, memory, NET_POOLS) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_run(&other.instance) == TVM_AI_ERROR_NOT_CREATED);

    const uint32_t groups = net_model.layout->groups;
    const tvm_ai_group *last = &net_model.layout->group[groups - 1];
    CHECK(tvm_ai_set_group(&other, 0, last->address, last->size) == TVM_AI_ERROR_NOT_CREATED);
    CHECK(tvm_ai_set_group(NULL, 0, last->address, last->size) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_set_group(&net, groups, last->address, last->size) == TVM_AI_ERROR_INDEX);
    CHECK(tvm_ai_set_group(&net, groups - 1, NULL, last->size) == TVM_AI_ERROR_NULL);
    CHECK(tvm_ai_set_group(&net, groups - 1, last->address, last->size - 1) == TVM_AI_ERROR_SIZE);
    CHECK(tvm_ai_set_group(&net, groups - 1, (const char *)last->address + 1, last->size) == TVM_AI_ERROR_ALIGNMENT);
}

/* Constants of the last group from somewhere else. */
static void moved(void)
{
    static uint32_t copy[64];
    const tvm_ai_group *last = &net_model.layout->group[net_model.layout->groups - 1];
    CHECK(last->size <= sizeof copy);
    (void)memcpy(copy, last->address, last->size);
    CHECK(tvm_ai_set_group(&net, net_model.layout->groups - 1, copy, last->size) == TVM_AI_OK);
    memcpy(tvm_ai_input(&net.instance, 0)->data, net_input, sizeof net_input);
    CHECK(tvm_ai_run(&net.instance) == TVM_AI_OK);
    const int8_t *scores = tvm_ai_output(&net.instance, 0)->data;
    print("moved: %d %d %d\n", scores[0], scores[1], scores[2]);
}

int main(void)
{
    static uint8_t first[NET_ACTIVATIONS_SIZE] TVM_AI_ALIGNED, second[256] TVM_AI_ALIGNED;
    const tvm_ai_memory own[] = {{first, sizeof first}, {second, sizeof second}};
    run_in("library", net_memory);
    CHECK(NET_POOLS == 2);
    run_in("application", own);
    mistakes();
    moved();
    finish();
}
