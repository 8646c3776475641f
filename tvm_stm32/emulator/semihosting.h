/* SPDX-License-Identifier: Apache-2.0
 *
 * Text to, and exit status for, a debugger or an emulator (Arm's semihosting). Without either, the first call faults.
 */

#ifndef TVM_STM32_SEMIHOSTING_H
#define TVM_STM32_SEMIHOSTING_H

#include <stdint.h>

/* One request: its number and argument go in r0 and r1, the answer comes back in r0. */
static inline int32_t semihosting_call(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

/* Print a string, which ends with a null character, as it is. */
static inline void semihosting_print(const char *text)
{
    (void)semihosting_call(0x04, text); /* SYS_WRITE0 */
}

/* End the program; `status` becomes the emulator's exit status. */
static inline void semihosting_exit(int status)
{
    const uint32_t arguments[2] = {0x20026, (uint32_t)status}; /* ADP_Stopped_ApplicationExit */
    (void)semihosting_call(0x20, arguments);                    /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

#endif
