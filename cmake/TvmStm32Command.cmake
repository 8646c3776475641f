# SPDX-License-Identifier: Apache-2.0
#
# tvm_stm32_python(<result>)            sets <result> to the command line, a list, of a Python that has tvm_stm32
# tvm_stm32_run(<result> <argument>...) sets <result> to what `tvm-stm32 <argument>...` prints; where that fails, CMake
#                                       stops with its text
#
# The interpreter is TVM_STM32_PYTHON if that is set; else the one of the environment that these files were installed
# into, of the active virtual environment, of the checkout that these files are in (.venv), or python3 of PATH. Files in
# a checkout are installed nowhere, whatever folders are above them.

function(tvm_stm32_python result)
  get_filename_component(checkout "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/.." ABSOLUTE)
  if(EXISTS "${checkout}/tvm_stm32/__main__.py")
    set(environments "$ENV{VIRTUAL_ENV}" "${checkout}/.venv")
  else()
    get_filename_component(prefix "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../.." ABSOLUTE)
    set(environments "${prefix}" "$ENV{VIRTUAL_ENV}")
  endif()
  find_program(TVM_STM32_PYTHON
    NAMES python3 python
    HINTS ${environments}
    PATH_SUFFIXES bin Scripts
    DOC "Python interpreter that runs tvm-stm32"
    NO_CMAKE_FIND_ROOT_PATH
  )
  mark_as_advanced(TVM_STM32_PYTHON)
  if(NOT TVM_STM32_PYTHON)
    message(FATAL_ERROR "Python 3.11 or later is not found, which runs tvm-stm32.
  hint: name it, -DTVM_STM32_PYTHON=/path/to/python3")
  endif()
  set(command "${TVM_STM32_PYTHON}" -P)
  if(EXISTS "${checkout}/tvm_stm32/__main__.py")
    list(INSERT command 0 "${CMAKE_COMMAND}" -E env "PYTHONPATH=${checkout}")
  endif()
  set(${result} "${command}" PARENT_SCOPE)
endfunction()

function(tvm_stm32_run result)
  tvm_stm32_python(python)
  execute_process(
    COMMAND ${python} -m tvm_stm32 ${ARGN}
    OUTPUT_VARIABLE output
    ERROR_VARIABLE error
    RESULT_VARIABLE status
    OUTPUT_STRIP_TRAILING_WHITESPACE
  )
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${error}")
  endif()
  set(${result} "${output}" PARENT_SCOPE)
endfunction()
