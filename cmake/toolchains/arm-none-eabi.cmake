# SPDX-License-Identifier: Apache-2.0
#
# Toolchain file for gcc-arm-none-eabi.
#
#     cmake -B build -DCMAKE_TOOLCHAIN_FILE=cmake/toolchains/arm-none-eabi.cmake -DTVM_STM32_PART=STM32F405RGT6
#
# The machine flags come from one of
#   TVM_STM32_PART        an STM32 part number, such as STM32F405RGT6; tvm-stm32 knows its flags
#   TVM_STM32_CPU_FLAGS   the flags, such as "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard"
# TVM_STM32_ARM_GCC may name the compiler where it is not in PATH.

find_program(TVM_STM32_ARM_GCC arm-none-eabi-gcc NO_CMAKE_FIND_ROOT_PATH DOC "C compiler for Arm")
if(NOT TVM_STM32_ARM_GCC)
  message(FATAL_ERROR "arm-none-eabi-gcc is not found in PATH.
  hint: install it (on Debian: apt-get install gcc-arm-none-eabi), or name it with -DTVM_STM32_ARM_GCC=...")
endif()
mark_as_advanced(TVM_STM32_ARM_GCC)
execute_process(
  COMMAND "${TVM_STM32_ARM_GCC}" -dumpmachine
  OUTPUT_VARIABLE _tvm_stm32_machine
  ERROR_QUIET
  OUTPUT_STRIP_TRAILING_WHITESPACE
)
if(NOT _tvm_stm32_machine MATCHES "^arm")
  message(FATAL_ERROR "${TVM_STM32_ARM_GCC} compiles for ${_tvm_stm32_machine}, not for Arm.
  hint: name an arm-none-eabi-gcc with -DTVM_STM32_ARM_GCC=...")
endif()

if(TVM_STM32_PART AND NOT TVM_STM32_CPU_FLAGS)
  include("${CMAKE_CURRENT_LIST_DIR}/../TvmStm32Command.cmake")
  tvm_stm32_run(TVM_STM32_CPU_FLAGS flags --part "${TVM_STM32_PART}")
endif()
if(NOT TVM_STM32_CPU_FLAGS)
  message(FATAL_ERROR "The toolchain file does not know what to compile for.
  hint: name the part, -DTVM_STM32_PART=STM32F405RGT6, or the flags, -DTVM_STM32_CPU_FLAGS=\"-mcpu=cortex-m4 -mthumb\"")
endif()

# CMake takes the flags when a build folder is made, and keeps them.
set(TVM_STM32_BUILD_FLAGS "${TVM_STM32_CPU_FLAGS}" CACHE STRING "machine flags of this build folder")
mark_as_advanced(TVM_STM32_BUILD_FLAGS)
if(NOT TVM_STM32_BUILD_FLAGS STREQUAL TVM_STM32_CPU_FLAGS)
  message(FATAL_ERROR "This build folder is for ${TVM_STM32_BUILD_FLAGS}, not for ${TVM_STM32_CPU_FLAGS}.
  hint: use a new build folder")
endif()

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)

string(REGEX REPLACE "gcc([^/]*)$" "g++\\1" _tvm_stm32_gxx "${TVM_STM32_ARM_GCC}")
set(CMAKE_C_COMPILER "${TVM_STM32_ARM_GCC}")
set(CMAKE_CXX_COMPILER "${_tvm_stm32_gxx}")
set(CMAKE_ASM_COMPILER "${TVM_STM32_ARM_GCC}")
foreach(_tvm_stm32_language IN ITEMS C CXX ASM)
  set(CMAKE_${_tvm_stm32_language}_FLAGS_INIT "${TVM_STM32_CPU_FLAGS}")
  set(CMAKE_EXECUTABLE_SUFFIX_${_tvm_stm32_language} .elf)
endforeach()

# CMake tries the compiler in a project of its own, which is to have the same flags. Without a linker script that cannot
# be linked.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TVM_STM32_ARM_GCC TVM_STM32_CPU_FLAGS)
