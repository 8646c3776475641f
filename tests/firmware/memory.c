/* SPDX-License-Identifier: Apache-2.0 */
/* One library, three ways to give it working memory. */
#include "check.h"
#include "tiny.h"
#include "tiny_data.h"

#include <stdlib.h>

/* Way 2: a table of the application. */
static uint8_t table[TINY_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;

static void run_in(const char *way, void *activations, size_t size)
{
    tvm_ai_instance tiny;
    CHECK(tvm_ai_create(&tiny, &tiny_model, &(tvm_ai_memory){.activations = activations, .size = size}) == TVM_AI_OK);
    CHECK(tvm_ai_activations(&tiny) == activations);
    CHECK(tvm_ai_activations_size(&tiny) == TINY_ACTIVATIONS_SIZE);
    fill(&tiny, 1);
    CHECK(tvm_ai_run(&tiny) == TVM_AI_OK);
    print_outputs(way, &tiny);
    CHECK(tvm_ai_destroy(&tiny) == TVM_AI_OK);
}

int main(void)
{
    /* Way 1: the library's own array, in a section that the linker script may place. */
    print("placed at %lx\n", (unsigned long)(uintptr_t)tiny_activations);
    run_in("section", tiny_activations, sizeof tiny_activations);

    run_in("table", table, sizeof table);

    /* Way 3: a block from an allocator, as large as the model found at run time asks for. */
    void *block = malloc(tiny_model.activations_size);
    CHECK(block != NULL);
    run_in("allocator", block, tiny_model.activations_size);
    free(block);

    finish();
}
