/* SPDX-License-Identifier: Apache-2.0 */
/* Classifies each sample of samples.h and prints the classes in one line, on a PC or by semihosting. */
#include <string.h>

#include "kws.h"
#include "samples.h" /* SAMPLES, and samples[SAMPLES][elements of the input] */

#ifdef __arm__
#include "semihosting.h"
#else
#include <stdio.h>
#endif

#define CLASSES (KWS_OUTPUT_0_SIZE / sizeof(KWS_OUTPUT_0_TYPE))

static uint8_t arena[KWS_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;

static void print(const char *text)
{
#ifdef __arm__
    semihosting_print(text);
#else
    (void)fputs(text, stdout);
#endif
}

int main(void)
{
    tvm_ai_instance kws;
    const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
    int status = (int)tvm_ai_create(&kws, &kws_model, &memory);
    char word[] = "0 ";

    for (size_t sample = 0; sample < SAMPLES && status == 0; sample++) {
        (void)memcpy(tvm_ai_input(&kws, 0)->data, samples[sample], KWS_INPUT_0_SIZE);
        status = (int)tvm_ai_run(&kws);
        const KWS_OUTPUT_0_TYPE *scores = tvm_ai_output(&kws, 0)->data;
        size_t best = 0;
        for (size_t i = 1; i < CLASSES; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        word[0] = (char)('0' + best);
        print(word);
    }
    print("\n");
#ifdef __arm__
    semihosting_exit(status);
#endif
    return status;
}
