/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the firmware prints: to the emulator or a debugger, by semihosting. With neither, what is printed is dropped.
 * To print elsewhere, as to a UART, change console_print.
 */

#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

void console_print(const char *text);

/* In decimal. */
void console_print_integer(int64_t value);

/* With six decimal places. */
void console_print_real(float value);

/* End the program: `status` becomes the emulator's exit status. On a board without a debugger, stay here. */
_Noreturn void console_exit(int status);

#endif
