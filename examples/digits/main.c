/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware that classifies handwritten digits: the held-back images, one by one. For each it prints the class and the
 * bytes of the network's output in hexadecimal.
 */

#include <stdbool.h>
#include <string.h>

#include "digits.h"
#include "images.h"
#include "semihosting.h"

enum { CLASSES = 10 };

static tvm_ai_instance digits;

/* Marks for the emulator, which counts the instructions between them. They differ, lest the compiler merges them. */
void inference_begin(void);
void inference_end(void);
__attribute__((noinline)) void inference_begin(void) { __asm__ volatile("@ begin" ::: "memory"); }
__attribute__((noinline)) void inference_end(void) { __asm__ volatile("@ end" ::: "memory"); }

/* Fill the network's input from pixels of 0 (paper) to 16 (ink). */
static void fill_input(const uint8_t *pixels)
{
    float *input = tvm_ai_input(&digits, 0)->data;
    for (size_t i = 0; i < DIGITS_PIXELS; i++) {
        input[i] = (float)pixels[i] / 16.0f;
    }
}

static unsigned most_probable(const float *probabilities)
{
    unsigned best = 0;
    for (unsigned i = 1; i < CLASSES; i++) {
        if (probabilities[i] > probabilities[best]) {
            best = i;
        }
    }
    return best;
}

/* One line: "7 0000803f...". */
static void print_result(unsigned digit, const uint8_t *output)
{
    static const char hexadecimal[] = "0123456789abcdef";
    char line[2 + 2 * DIGITS_OUTPUT_0_SIZE + 2];
    char *end = line;
    *end++ = hexadecimal[digit];
    *end++ = ' ';
    for (size_t i = 0; i < DIGITS_OUTPUT_0_SIZE; i++) {
        *end++ = hexadecimal[output[i] >> 4];
        *end++ = hexadecimal[output[i] & 15];
    }
    *end++ = '\n';
    *end = '\0';
    semihosting_print(line);
}

static bool classify(const uint8_t *pixels, unsigned *digit)
{
    fill_input(pixels);
    inference_begin();
    const tvm_ai_status status = tvm_ai_run(&digits);
    inference_end();
    if (status != TVM_AI_OK) {
        semihosting_print(tvm_ai_status_text(status));
        return false;
    }
    *digit = most_probable(tvm_ai_output(&digits, 0)->data);
    return true;
}

int main(void)
{
    const tvm_ai_memory memory = {.activations = digits_activations, .size = sizeof digits_activations};
    if (tvm_ai_create(&digits, &digits_model, &memory) != TVM_AI_OK) {
        semihosting_exit(2);
    }
    for (size_t i = 0; i < DIGITS_IMAGES; i++) {
        unsigned digit;
        if (!classify(digits_images[i], &digit)) {
            semihosting_exit(3);
        }
        print_result(digit, tvm_ai_output(&digits, 0)->data);
    }
    semihosting_exit(0);
    return 0;
}
