# SPDX-License-Identifier: Apache-2.0
"""The toolchain of the board, as board support packages of RT-Thread write it: flags are single strings."""

import os

PLATFORM = "gcc"
EXEC_PATH = os.getenv("RTT_EXEC_PATH", "/usr/bin")
PREFIX = "arm-none-eabi-"
CC = PREFIX + "gcc"
AS = PREFIX + "gcc"
AR = PREFIX + "ar"
LINK = PREFIX + "gcc"

DEVICE = " -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffunction-sections -fdata-sections"
CFLAGS = DEVICE + " -Dgcc -std=gnu11 -O0 -gdwarf-2 -g -Wall"
AFLAGS = " -c" + DEVICE + " -x assembler-with-cpp -Wa,-mimplicit-it=thumb"
LFLAGS = DEVICE + " --specs=nano.specs -nostartfiles -Wl,--gc-sections,-Map=rtthread.map -T ../board/link.ld"
