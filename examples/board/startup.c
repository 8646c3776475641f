/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for the start-up code of your board. This one is for an STM32F405 and takes no interrupts. */
#include <stdint.h>

extern uint32_t _estack[], _sidata[], _sdata[], _edata[], _sbss[], _ebss[];

int main(void);
void Reset_Handler(void);

static const struct {
    uint32_t *stack;
    void (*reset)(void);
} vectors __attribute__((section(".isr_vector"), used)) = {_estack, Reset_Handler};

void Reset_Handler(void)
{
    volatile uint32_t *const cpacr = (volatile uint32_t *)0xE000ED88u;
    *cpacr |= 0xFu << 20; /* the FPU is on */
    for (uint32_t *to = _sdata, *from = _sidata; to < _edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = _sbss; to < _ebss;) {
        *to++ = 0;
    }
    (void)main();
    for (;;) {
    }
}
