/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up of Arm's MPS2+ board with application note AN505, a Cortex-M33 with FPU, as QEMU emulates it. */
#include <stdint.h>

typedef void (*handler)(void);

extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);
void Reset_Handler(void);
void Fault_Handler(void);
void DMA_Handler(void);

static const struct {
    uint32_t *stack;
    handler exceptions[15];
    handler interrupts[64];
} vectors __attribute__((section(".vectors"), used)) = {
    .stack = stack_top,
    .exceptions = {[0] = Reset_Handler, [2] = Fault_Handler, [3] = Fault_Handler, [4] = Fault_Handler,
                   [5] = Fault_Handler, [6] = Fault_Handler},
    .interrupts = {[58] = DMA_Handler},
};

void Reset_Handler(void)
{
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: the FPU may be used */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *to = data_start, *from = data_load; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    (void)main();
    for (;;) {
    }
}

void Fault_Handler(void)
{
    for (;;) {
        __asm__ volatile("bkpt #0");
    }
}
