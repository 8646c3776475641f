/* SPDX-License-Identifier: Apache-2.0 */
/* The application of all these examples: it asks the network which digit is drawn here, and prints the answer. */
#include "digits.h"
#include "semihosting.h"

/* Eight rows of eight pixels, 0 for paper to 16 for ink. */
static const uint8_t drawing[8][8] = {
    {0, 0, 7, 15, 6, 0, 0, 0},    {0, 0, 2, 14, 15, 2, 0, 0}, {0, 0, 0, 5, 16, 6, 0, 0}, {0, 0, 0, 5, 16, 9, 2, 0},
    {0, 5, 14, 16, 15, 11, 4, 0}, {0, 5, 7, 12, 11, 0, 0, 0}, {0, 0, 4, 15, 1, 0, 0, 0}, {0, 0, 10, 11, 0, 0, 0, 0},
};

int main(void)
{
    static uint8_t arena[DIGITS_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
    static tvm_ai_instance digits;
    const tvm_ai_memory memory = {.activations = arena, .size = sizeof arena};
    char answer[] = "digit 0\n";

    if (tvm_ai_create(&digits, &digits_model, &memory) != TVM_AI_OK) {
        semihosting_exit(1);
    }
    float *input = tvm_ai_input(&digits, 0)->data;
    for (size_t i = 0; i < sizeof drawing; i++) {
        input[i] = (float)drawing[i / 8][i % 8] / 16.0f;
    }
    if (tvm_ai_run(&digits) != TVM_AI_OK) {
        semihosting_exit(2);
    }
    const float *probabilities = tvm_ai_output(&digits, 0)->data;
    int best = 0;
    for (int i = 1; i < 10; i++) {
        best = probabilities[i] > probabilities[best] ? i : best;
    }
    answer[6] = (char)('0' + best);
    semihosting_print(answer);
    semihosting_exit(0);
    return 0;
}
