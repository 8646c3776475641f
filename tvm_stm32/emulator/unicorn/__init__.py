# SPDX-License-Identifier: Apache-2.0
"""Firmware on Unicorn's Cortex-M, with the memories of whatever part it is linked for.

What is there: the core's instructions, but for double precision; the part's memories, with the rights of its data, and
external memory as far as the firmware uses it; the registers of `system_space`; the operations of `semihosting`. What
is not: peripherals, exceptions and interrupts, and with them SysTick; aliases of memory (flash at 0, bit-band
regions); time. An access to what is not there ends the run with a message, where hardware and QEMU would go on in a
fault handler of the firmware. And Unicorn forgives what hardware does not: an FPU that was not enabled, accesses to
words that are not aligned, and on M0 the instructions of larger cores.
"""
