# SPDX-License-Identifier: Apache-2.0
"""Programs that the tests of both emulators boot; `arm_firmware.link` makes firmware of them."""

from __future__ import annotations

# Memory is full of zeros when QEMU starts, so the program soils it and enters the reset handler a second time.
START_UP = """
#include "semihosting.h"
#include <stdint.h>
void Reset_Handler(void);
void constructor(void);
extern uint32_t __heap_start[];
extern uint8_t net_activations[100];
uint8_t net_activations[100] __attribute__((section(".bss.net_activations")));
static volatile uint32_t initialised[3] = {1, 2, 3};
static volatile uint32_t zero[3];
static volatile uint32_t constructed;
static volatile float product = 1.5f;
__attribute__((constructor)) void constructor(void) { constructed += 7; }
static int wrong(void)
{
    for (unsigned i = 0; i < sizeof net_activations; i++) {
        if (net_activations[i] != 0) {
            return 1;
        }
    }
    if (initialised[0] != 1 || initialised[2] != 3) {
        return 2;
    }
    if (zero[0] != 0 || zero[2] != 0) {
        return 3;
    }
    return constructed == 7 ? 0 : 4;
}
int main(void)
{
    volatile uint32_t *passes = __heap_start; /* not touched by the start-up */
    int status = wrong();
    if (status == 0 && *passes == 0) {
        *passes = 1;
        for (unsigned i = 0; i < sizeof net_activations; i++) {
            net_activations[i] = 0xA5;
        }
        initialised[0] = initialised[2] = zero[0] = zero[2] = constructed = 0xA5A5A5A5u;
        Reset_Handler();
    }
    product *= 3.0f;
    semihosting_print(product == 4.5f ? "4.5\\n" : "?\\n");
    semihosting_exit(status == 0 ? 42 : status);
    return 0;
}
"""

HANDLERS = """
#include "semihosting.h"
static volatile int handled;
void PendSV_Handler(void);
void PendSV_Handler(void) { handled = 9; }
int main(void)
{
    *(volatile uint32_t *)0xE000ED04u = 1u << 28; /* ICSR: make PendSV pending */
    __asm__ volatile("dsb\\n\\tisb" ::: "memory");
    semihosting_exit(handled);
    return 0;
}
"""

BAD_ADDRESS = """
#include "semihosting.h"
void store(volatile int *to);
__attribute__((noinline)) void store(volatile int *to) { *to = 1; }
int main(void) { semihosting_print("so far\\n"); store((volatile int *)0x60000000u); return 0; }
"""
STACK_OVERFLOW = """
int deeper(volatile int *outer);
__attribute__((noinline)) int deeper(volatile int *outer)
{
    volatile int inner[64] = {0};
    inner[*outer & 63] = *outer + 1;
    return inner[*outer & 63] == 0 ? 0 : deeper(inner) + inner[5];
}
int main(void) { volatile int start[64] = {0}; return deeper(start); }
"""
NO_HANDLER = """
#include <stdint.h>
int main(void)
{
    *(volatile uint32_t *)0xE000ED04u = 1u << 28;
    for (;;) { }
}
"""
FOREVER = """
#include "semihosting.h"
int main(void) { semihosting_print("so far\\n"); for (;;) { } }
"""

# Between the marks: the two instructions of `begin`, mov or movw of the argument, bl, 2n + 1 of `loop`, bl of `end`.
COUNTED = """
#include "semihosting.h"
void begin(void);
void end(void);
void loop(uint32_t n);
void measure(void);
__attribute__((naked, noinline)) void begin(void) { __asm__("nop\\n\\tbx lr"); }
__attribute__((naked, noinline)) void end(void) { __asm__("bx lr"); }
__attribute__((naked, noinline)) void loop(uint32_t n)
{
    (void)n;
    __asm__("1:\\tsubs r0, #1\\n\\tbne 1b\\n\\tbx lr");
}
__attribute__((naked, noinline)) void measure(void)
{
    __asm__("push {r4, lr}\\n\\t"
            "movs r4, #1\\n"
            "1:\\tbl begin\\n\\t"
            "mov r0, r4\\n\\t"
            "bl loop\\n\\t"
            "bl end\\n\\t"
            "lsls r4, #1\\n\\t"
            "cmp r4, #1024\\n\\t"
            "bls 1b\\n\\t"
            "pop {r4, pc}");
}
int main(void)
{
    measure();
    begin(); /* never ended */
    semihosting_exit(3);
    return 0;
}
"""
