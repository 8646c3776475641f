/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include "semihosting.h"

void console_print(const char *text)
{
    semihosting_print(text);
}

void console_print_integer(int64_t value)
{
    char text[21]; /* a sign, 19 digits, and the end */
    char *begin = text + sizeof text - 1;
    uint64_t rest = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;

    *begin = '\0';
    do {
        *--begin = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest != 0u);
    if (value < 0) {
        *--begin = '-';
    }
    console_print(begin);
}

void console_print_real(float value)
{
    const float magnitude = value < 0.0f ? -value : value;
    char places[] = ".000000";

    if (!(magnitude < 4e9f)) {
        console_print(value > 0.0f ? "above 4e9" : value < 0.0f ? "below -4e9" : "nan");
        return;
    }
    uint32_t whole = (uint32_t)magnitude;
    uint32_t millionths = (uint32_t)((magnitude - (float)whole) * 1e6f + 0.5f);
    if (millionths == 1000000u) {
        whole++;
        millionths = 0;
    }
    console_print(value < 0.0f ? "-" : "");
    console_print_integer(whole);
    for (int place = 6; place > 0; place--) {
        places[place] = (char)('0' + millionths % 10u);
        millionths /= 10u;
    }
    console_print(places);
}

_Noreturn void console_exit(int status)
{
    semihosting_exit(status);
    for (;;) {
    }
}

void HardFault_Handler(void);

/*
 * Where neither an emulator nor a debugger takes a semihosting call, its breakpoint is a hard fault: answer the call
 * with -1 and go on behind it. Any other fault is for the Fault_Handler of the start-up.
 */
__attribute__((naked)) void HardFault_Handler(void)
{
    __asm__ volatile(".syntax unified\n\t"
                     "mov r1, lr\n\t"
                     "movs r0, #4\n\t"
                     "tst r1, r0\n\t" /* EXC_RETURN, bit 2: the process stack was in use */
                     "beq 1f\n\t"
                     "mrs r0, psp\n\t"
                     "b 2f\n"
                     "1:\n\t"
                     "mrs r0, msp\n"
                     "2:\n\t"
                     "ldr r1, [r0, #24]\n\t" /* the pc that was stacked */
                     "ldrh r2, [r1]\n\t"
                     "ldr r3, 4f\n\t"
                     "cmp r2, r3\n\t"
                     "bne 3f\n\t"
                     "adds r1, #2\n\t"
                     "str r1, [r0, #24]\n\t"
                     "movs r1, #0\n\t"
                     "mvns r1, r1\n\t"
                     "str r1, [r0]\n\t"
                     "bx lr\n"
                     "3:\n\t"
                     "ldr r2, 5f\n\t"
                     "bx r2\n\t"
                     ".align 2\n"
                     "4:\n\t"
                     ".word 0xbeab\n" /* bkpt 0xab */
                     "5:\n\t"
                     ".word Fault_Handler");
}
