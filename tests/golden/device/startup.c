/* SPDX-License-Identifier: Apache-2.0
 *
 * Start-up for STM32F405RGT6 (cortex-m4): the vector table, what runs before main, and where faults end.
 *
 * Every handler is weak: a function of the same name in the application takes its place.
 */

#include <stddef.h>
#include <stdint.h>

typedef void (*handler)(void);

/* From the linker script. */
extern uint32_t __stack_top[];
extern uint32_t __data_start[], __data_end[], __data_load[];
extern uint32_t *const __zero_table_start[][2], *const __zero_table_end[][2];
extern handler const __init_array_start[], __init_array_end[];

int main(void);
void Reset_Handler(void);
void Fault_Handler(void);
void Default_Handler(void);

#define WEAK_ALIAS(target) __attribute__((weak, alias(#target)))

void NMI_Handler(void) WEAK_ALIAS(Default_Handler);
void HardFault_Handler(void) WEAK_ALIAS(Fault_Handler);
void MemManage_Handler(void) WEAK_ALIAS(Fault_Handler);
void BusFault_Handler(void) WEAK_ALIAS(Fault_Handler);
void UsageFault_Handler(void) WEAK_ALIAS(Fault_Handler);
void SVC_Handler(void) WEAK_ALIAS(Default_Handler);
void DebugMon_Handler(void) WEAK_ALIAS(Default_Handler);
void PendSV_Handler(void) WEAK_ALIAS(Default_Handler);
void SysTick_Handler(void) WEAK_ALIAS(Default_Handler);
void WWDG_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void PVD_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TAMP_STAMP_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void RTC_WKUP_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void FLASH_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void RCC_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI0_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI2_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI3_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI4_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream0_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream2_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream3_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream4_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream5_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream6_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void ADC_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN1_TX_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN1_RX0_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN1_RX1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN1_SCE_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI9_5_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM1_BRK_TIM9_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM1_UP_TIM10_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM1_TRG_COM_TIM11_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM1_CC_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM2_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM3_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM4_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void I2C1_EV_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void I2C1_ER_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void I2C2_EV_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void I2C2_ER_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void SPI1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void SPI2_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void USART1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void USART2_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void USART3_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void EXTI15_10_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void RTC_Alarm_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void OTG_FS_WKUP_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM8_BRK_TIM12_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM8_UP_TIM13_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM8_TRG_COM_TIM14_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM8_CC_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA1_Stream7_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void FSMC_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void SDIO_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM5_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void SPI3_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void UART4_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void UART5_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM6_DAC_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void TIM7_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream0_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream2_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream3_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream4_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN2_TX_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN2_RX0_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN2_RX1_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void CAN2_SCE_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void OTG_FS_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream5_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream6_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void DMA2_Stream7_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void USART6_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void I2C3_EV_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void I2C3_ER_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void OTG_HS_EP1_OUT_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void OTG_HS_EP1_IN_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void OTG_HS_WKUP_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void OTG_HS_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void RNG_IRQHandler(void) WEAK_ALIAS(Default_Handler);
void FPU_IRQHandler(void) WEAK_ALIAS(Default_Handler);

struct vector_table {
    uint32_t *stack;
    handler handlers[97];
};

extern const struct vector_table vector_table;
__attribute__((section(".vectors"), used)) const struct vector_table vector_table = {
    __stack_top,
    {
        Reset_Handler,
        NMI_Handler,
        HardFault_Handler,
        MemManage_Handler,
        BusFault_Handler,
        UsageFault_Handler,
        NULL,
        NULL,
        NULL,
        NULL,
        SVC_Handler,
        DebugMon_Handler,
        NULL,
        PendSV_Handler,
        SysTick_Handler,
        WWDG_IRQHandler,
        PVD_IRQHandler,
        TAMP_STAMP_IRQHandler,
        RTC_WKUP_IRQHandler,
        FLASH_IRQHandler,
        RCC_IRQHandler,
        EXTI0_IRQHandler,
        EXTI1_IRQHandler,
        EXTI2_IRQHandler,
        EXTI3_IRQHandler,
        EXTI4_IRQHandler,
        DMA1_Stream0_IRQHandler,
        DMA1_Stream1_IRQHandler,
        DMA1_Stream2_IRQHandler,
        DMA1_Stream3_IRQHandler,
        DMA1_Stream4_IRQHandler,
        DMA1_Stream5_IRQHandler,
        DMA1_Stream6_IRQHandler,
        ADC_IRQHandler,
        CAN1_TX_IRQHandler,
        CAN1_RX0_IRQHandler,
        CAN1_RX1_IRQHandler,
        CAN1_SCE_IRQHandler,
        EXTI9_5_IRQHandler,
        TIM1_BRK_TIM9_IRQHandler,
        TIM1_UP_TIM10_IRQHandler,
        TIM1_TRG_COM_TIM11_IRQHandler,
        TIM1_CC_IRQHandler,
        TIM2_IRQHandler,
        TIM3_IRQHandler,
        TIM4_IRQHandler,
        I2C1_EV_IRQHandler,
        I2C1_ER_IRQHandler,
        I2C2_EV_IRQHandler,
        I2C2_ER_IRQHandler,
        SPI1_IRQHandler,
        SPI2_IRQHandler,
        USART1_IRQHandler,
        USART2_IRQHandler,
        USART3_IRQHandler,
        EXTI15_10_IRQHandler,
        RTC_Alarm_IRQHandler,
        OTG_FS_WKUP_IRQHandler,
        TIM8_BRK_TIM12_IRQHandler,
        TIM8_UP_TIM13_IRQHandler,
        TIM8_TRG_COM_TIM14_IRQHandler,
        TIM8_CC_IRQHandler,
        DMA1_Stream7_IRQHandler,
        FSMC_IRQHandler,
        SDIO_IRQHandler,
        TIM5_IRQHandler,
        SPI3_IRQHandler,
        UART4_IRQHandler,
        UART5_IRQHandler,
        TIM6_DAC_IRQHandler,
        TIM7_IRQHandler,
        DMA2_Stream0_IRQHandler,
        DMA2_Stream1_IRQHandler,
        DMA2_Stream2_IRQHandler,
        DMA2_Stream3_IRQHandler,
        DMA2_Stream4_IRQHandler,
        NULL,
        NULL,
        CAN2_TX_IRQHandler,
        CAN2_RX0_IRQHandler,
        CAN2_RX1_IRQHandler,
        CAN2_SCE_IRQHandler,
        OTG_FS_IRQHandler,
        DMA2_Stream5_IRQHandler,
        DMA2_Stream6_IRQHandler,
        DMA2_Stream7_IRQHandler,
        USART6_IRQHandler,
        I2C3_EV_IRQHandler,
        I2C3_ER_IRQHandler,
        OTG_HS_EP1_OUT_IRQHandler,
        OTG_HS_EP1_IN_IRQHandler,
        OTG_HS_WKUP_IRQHandler,
        OTG_HS_IRQHandler,
        NULL,
        NULL,
        RNG_IRQHandler,
        FPU_IRQHandler,
    },
};

/* The hardware has set the stack pointer from the vector table. */
void Reset_Handler(void)
{
    /* Full access to coprocessors 10 and 11, the FPU, in CPACR: before any instruction that may use it. */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    /* VTOR: exceptions use this table, wherever the part booted from. */
    *(volatile uint32_t *)0xE000ED08u = (uint32_t)&vector_table;
    __asm__ volatile("dsb\n\tisb" ::: "memory");

    const uint32_t *from = __data_load;
    for (uint32_t *to = __data_start; to < __data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *const(*range)[2] = __zero_table_start; range < __zero_table_end; range++) {
        for (uint32_t *to = (*range)[0]; to < (*range)[1]; to++) {
            *to = 0;
        }
    }
    for (const handler *constructor = __init_array_start; constructor < __init_array_end; constructor++) {
        (*constructor)();
    }

    (void)main();
    for (;;) {
        __asm__ volatile("wfi");
    }
}

/* A fault stops at a breakpoint. r0 is the address of the registers that the core has stacked, which are
 * r0-r3, r12, lr, pc, xpsr; r1 is that pc, where it happened. Without a debugger the core locks up. */
__attribute__((naked)) void Fault_Handler(void)
{
    __asm__ volatile("mov r1, lr\n\t"
                     "movs r0, #4\n\t"
                     "tst r1, r0\n\t" /* EXC_RETURN, bit 2: the process stack was in use */
                     "beq 1f\n\t"
                     "mrs r0, psp\n\t"
                     "b 2f\n"
                     "1:\n\t"
                     "mrs r0, msp\n"
                     "2:\n\t"
                     "ldr r1, [r0, #24]\n\t"
                     "bkpt #0\n"
                     "3:\n\t"
                     "b 3b");
}

/* An interrupt was enabled that has no handler; IPSR, the low bits of xpsr, tells which. */
void Default_Handler(void)
{
    for (;;) {
        __asm__ volatile("bkpt #0");
    }
}
