/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of several engines in one firmware, each in a file of its own: they run the model "net", int8 in and out. */
#ifndef NET_CLIENTS_H
#define NET_CLIENTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number of outputs, or less than 0 for an error. */
int run_by_x_cube_ai(const int8_t *input, int8_t *output);
int run_by_stai(const int8_t *input, int8_t *output);
int run_by_stm32_port(const int8_t *input, int8_t *output);
int run_by_tvm_aot(const int8_t *input, int8_t *output);
int run_by_tflm(const int8_t *input, int8_t *output);
int run_by_glow(const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif /* NET_CLIENTS_H */
