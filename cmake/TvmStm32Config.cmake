# SPDX-License-Identifier: Apache-2.0
#
# Neural networks as libraries of a CMake project:
#
#     find_package(TvmStm32 CONFIG REQUIRED)
#     tvm_stm32_add_model(kws MODEL models/kws.tflite PART STM32F405RGT6 OPTIMIZE balanced)
#     target_link_libraries(application PRIVATE kws::kws)
#
# CMake finds this file with the folder it is in as TvmStm32_DIR, or, where tvm-stm32 is installed, with
# CMAKE_PREFIX_PATH=$VIRTUAL_ENV. FetchContent with OVERRIDE_FIND_PACKAGE serves as well.
#
# tvm_stm32_add_model(<name> MODEL <file> [PART <part> | CPU <core>] [OPTIMIZE time|ram|balanced]
#                     [INPUTS arena|application] [OUTPUTS arena|application] [FLOAT_ABI hard|soft|any]
#                     [API <interface>...] [OBSERVER auto|yes|no] [ACCELERATOR yes|no]
#                     [MEMORY_POOLS <file>|part])
#
# adds the static library <name>, with the alias <name>::<name>. Its C is generated into the folder <name> of the binary
# directory, again whenever the model or the generator changes; files whose content stays the same are not compiled
# again. The sizes of its code, weights and working memory are printed. PART is TVM_STM32_PART unless PART or CPU is
# given. Settings that are left out have the defaults of `tvm-stm32 compile`.

include("${CMAKE_CURRENT_LIST_DIR}/TvmStm32Command.cmake")

# tvm_stm32_add_group(<name> <model> <model>...)
#
# adds the library <name>: working memory for models that take turns, as large as the most that one of them needs. An
# application that links it includes <name>.h, and links the models.

# Where the generator is.
tvm_stm32_python(_tvm_stm32_python)
execute_process(
  COMMAND ${_tvm_stm32_python} -c "import importlib.util, tvm_stm32.codegen.command
assert importlib.util.find_spec('tvm'), 'no module named tvm'
print(tvm_stm32.__path__[0])"
  OUTPUT_VARIABLE _tvm_stm32_answer
  ERROR_VARIABLE _tvm_stm32_error
  RESULT_VARIABLE _tvm_stm32_status
  OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_STRIP_TRAILING_WHITESPACE
)
if(NOT _tvm_stm32_status EQUAL 0)
  string(REGEX REPLACE ".*\n" "" _tvm_stm32_error "${_tvm_stm32_error}")
  set(TvmStm32_FOUND FALSE)
  set(TvmStm32_NOT_FOUND_MESSAGE "${TVM_STM32_PYTHON} cannot run tvm-stm32: ${_tvm_stm32_error}
  hint: name the Python interpreter that it is installed for, -DTVM_STM32_PYTHON=/path/to/python3")
  return()
endif()
set(TVM_STM32_GENERATOR "${_tvm_stm32_answer}" CACHE INTERNAL "folder of the generator")

# Sets `files` to what the generator writes for a model, `includes` to the folders of its headers in it, and `kept` to
# the symbols that the linker must take from its library although nothing refers to them.
function(_tvm_stm32_interface name api observer accelerator pools files includes kept)
  tvm_stm32_python(python)
  execute_process(
    COMMAND ${python} -m tvm_stm32.api.interface "${name}" "${api}" "${observer}" "${accelerator}" "${pools}"
    OUTPUT_VARIABLE answer
    ERROR_VARIABLE error
    RESULT_VARIABLE status
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_STRIP_TRAILING_WHITESPACE
  )
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "tvm_stm32_add_model(${name}): ${error}")
  endif()
  string(REPLACE "\n" ";" answer "${answer}")
  list(GET answer 0 written)
  list(GET answer 1 folders)
  list(GET answer 2 symbols)
  string(REPLACE " " ";" written "${written}")
  string(REPLACE " " ";" folders "${folders}")
  string(REPLACE " " ";" symbols "${symbols}")
  list(REMOVE_ITEM symbols ".")
  set(${files} "${written}" PARENT_SCOPE)
  set(${includes} "${folders}" PARENT_SCOPE)
  set(${kept} "${symbols}" PARENT_SCOPE)
endfunction()

function(tvm_stm32_add_model name)
  set(settings PART CPU OPTIMIZE INPUTS OUTPUTS FLOAT_ABI OBSERVER ACCELERATOR)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "MODEL;MEMORY_POOLS;${settings}" "API")
  set(call "tvm_stm32_add_model(${name})")
  if(DEFINED given_UNPARSED_ARGUMENTS)
    list(JOIN given_UNPARSED_ARGUMENTS " " words)
    list(JOIN settings ", " known)
    string(APPEND known ", API, MEMORY_POOLS")
    message(FATAL_ERROR "${call}: there is no setting ${words}.\n  hint: the settings are MODEL, ${known}")
  endif()
  if(DEFINED given_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${call}: ${given_KEYWORDS_MISSING_VALUES} has no value.")
  endif()
  if(NOT DEFINED given_MODEL)
    message(FATAL_ERROR "${call}: no model.\n  hint: MODEL names a .tflite, .onnx or .pt2 file")
  endif()
  if(NOT DEFINED given_PART AND NOT DEFINED given_CPU)
    if(NOT TVM_STM32_PART)
      message(FATAL_ERROR "${call}: neither PART nor CPU.
  hint: PART STM32F405RGT6, CPU cortex-m4, or set TVM_STM32_PART")
    endif()
    set(given_PART "${TVM_STM32_PART}")
  endif()

  get_filename_component(model "${given_MODEL}" ABSOLUTE)
  get_source_file_property(generated "${model}" GENERATED)
  if(NOT generated AND NOT EXISTS "${model}")
    message(FATAL_ERROR "${call}: there is no model ${model}.
  hint: MODEL is relative to ${CMAKE_CURRENT_SOURCE_DIR}")
  endif()

  set(options "")
  foreach(setting IN LISTS settings)
    if(DEFINED given_${setting})
      string(TOLOWER "${setting}" option)
      string(REPLACE "_" "-" option "--${option}")
      list(APPEND options "${option}" "${given_${setting}}")
    endif()
  endforeach()

  if(NOT DEFINED given_API)
    set(given_API native)
  endif()
  if(NOT DEFINED given_OBSERVER)
    set(given_OBSERVER auto)
  endif()
  if(NOT DEFINED given_ACCELERATOR)
    set(given_ACCELERATOR no)
  endif()
  list(JOIN given_API "," api)
  list(APPEND options --api "${api}")

  set(pools "")
  if(DEFINED given_MEMORY_POOLS AND NOT given_MEMORY_POOLS STREQUAL "part")
    get_filename_component(pools "${given_MEMORY_POOLS}" ABSOLUTE)
    if(NOT EXISTS "${pools}")
      message(FATAL_ERROR "${call}: there is no file of memory pools ${pools}.
  hint: MEMORY_POOLS is relative to ${CMAKE_CURRENT_SOURCE_DIR}, or the word part")
    endif()
    list(APPEND options --memory-pools "${pools}")
  elseif(DEFINED given_MEMORY_POOLS)
    list(APPEND options --memory-pools part)
  endif()

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  _tvm_stm32_interface("${name}" "${api}" "${given_OBSERVER}" "${given_ACCELERATOR}" "${given_MEMORY_POOLS}"
    files includes kept
  )
  list(TRANSFORM files PREPEND "${folder}/")
  list(TRANSFORM includes PREPEND "${folder}/")
  set(sources ${files})
  list(FILTER sources INCLUDE REGEX "\\.c$")

  # An .onnx file may keep its weights in others.
  tvm_stm32_python(python)
  set(weights "")
  if(model MATCHES "\\.onnx$" AND EXISTS "${model}")
    execute_process(
      COMMAND ${python} -m tvm_stm32.model.external_weights "${model}"
      OUTPUT_VARIABLE weights
      OUTPUT_STRIP_TRAILING_WHITESPACE
    )
    string(REPLACE "\n" ";" weights "${weights}")
  endif()

  # The generator writes only what has changed, so the files may stay older than the model: the stamp tells that it ran.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    "${TVM_STM32_GENERATOR}/codegen/artifacts.py" "${TVM_STM32_GENERATOR}/api/interface.py"
  )
  file(GLOB_RECURSE generator
    "${TVM_STM32_GENERATOR}/*.py" "${TVM_STM32_GENERATOR}/*.j2"
    "${TVM_STM32_GENERATOR}/*.c" "${TVM_STM32_GENERATOR}/*.h"
  )
  add_custom_command(
    OUTPUT "${folder}/${name}.stamp"
    BYPRODUCTS ${files}
    COMMAND ${python} -m tvm_stm32 compile "${model}" --name "${name}" ${options} --output "${folder}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${folder}/${name}.stamp"
    DEPENDS "${model}" ${weights} ${pools} ${generator}
    COMMENT "Generating C of the model ${name}"
    VERBATIM
  )
  add_custom_target(${name}_sources DEPENDS "${folder}/${name}.stamp")

  add_library(${name} STATIC ${sources})
  add_library(${name}::${name} ALIAS ${name})
  add_dependencies(${name} ${name}_sources)
  target_include_directories(${name} SYSTEM INTERFACE "$<BUILD_INTERFACE:${includes}>")

  # Compiled for the project's machine; its warnings and optimisation are for its own code. Those of CMAKE_C_FLAGS stay,
  # so they are taken back. Clang contracts a * b + c to one rounding unless told not to, in every dialect.
  get_target_property(machine ${name} COMPILE_OPTIONS)
  list(FILTER machine EXCLUDE REGEX "^-(W|O|pedantic|ffast-math)|-NOTFOUND$")
  set(ours -w -fhosted -fno-lto -fno-fast-math -O2 -ffp-contract=off)
  set_target_properties(${name} PROPERTIES
    C_STANDARD 99
    C_EXTENSIONS OFF
    INTERPROCEDURAL_OPTIMIZATION OFF
    COMPILE_OPTIONS "${machine};${ours};-ffunction-sections;-fdata-sections"
  )
  target_link_libraries(${name} INTERFACE m)
  foreach(symbol IN LISTS kept)
    target_link_options(${name} INTERFACE "LINKER:-u,${symbol}")
  endforeach()

  # The same library in whatever folder and by whomever it is built: without dates and owners, and without paths in its
  # debug information.
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${name} PRIVATE
      "-ffile-prefix-map=${CMAKE_BINARY_DIR}=." "-ffile-prefix-map=${folder}=${name}"
    )
  endif()
  if(DEFINED given_MEMORY_POOLS AND CMAKE_CROSSCOMPILING)
    # unless a group places it together with others
    set(alone "$<NOT:$<BOOL:$<TARGET_PROPERTY:${name},TVM_STM32_GROUP>>>")
    target_link_options(${name} INTERFACE "$<${alone}:LINKER:-T,${folder}/${name}_pools.ld>")
    set_target_properties(${name} PROPERTIES INTERFACE_LINK_DEPENDS "$<${alone}:${folder}/${name}_pools.ld>")
  endif()
  set_target_properties(${name} PROPERTIES TVM_STM32_FOLDER "${folder}")

  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${python} -m tvm_stm32.package.archive "$<TARGET_FILE:${name}>"
    COMMAND ${python} -m tvm_stm32 size "$<TARGET_FILE:${name}>"
    VERBATIM
  )
endfunction()

function(tvm_stm32_add_group name)
  set(call "tvm_stm32_add_group(${name})")
  set(manifests "")
  set(stamps "")
  foreach(model IN LISTS ARGN)
    if(NOT TARGET ${model})
      message(FATAL_ERROR "${call}: there is no model ${model}.\n  hint: add it with tvm_stm32_add_model before")
    endif()
    get_target_property(folder ${model} TVM_STM32_FOLDER)
    if(NOT folder)
      message(FATAL_ERROR "${call}: ${model} is no model.\n  hint: tvm_stm32_add_model adds models")
    endif()
    list(APPEND manifests "${folder}/${model}.json")
    list(APPEND stamps "${folder}/${model}.stamp")
    set_target_properties(${model} PROPERTIES TVM_STM32_GROUP "${name}")
  endforeach()

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  set(files "${folder}/${name}.h" "${folder}/${name}.c" "${folder}/${name}_pools.ld")
  tvm_stm32_python(python)
  add_custom_command(
    OUTPUT "${folder}/${name}.stamp"
    BYPRODUCTS ${files}
    COMMAND ${python} -m tvm_stm32 group "${name}" ${manifests} --output "${folder}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${folder}/${name}.stamp"
    DEPENDS ${stamps}
    COMMENT "Planning the memory of the group ${name}"
    VERBATIM
  )
  add_custom_target(${name}_sources DEPENDS "${folder}/${name}.stamp")
  foreach(model IN LISTS ARGN)
    add_dependencies(${name}_sources ${model}_sources)
  endforeach()
  add_library(${name} STATIC "${folder}/${name}.c")
  add_dependencies(${name} ${name}_sources)
  target_include_directories(${name} SYSTEM PUBLIC "${folder}")
  target_link_libraries(${name} PUBLIC ${ARGN})
  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
  if(CMAKE_CROSSCOMPILING)
    target_link_options(${name} INTERFACE "LINKER:-T,${folder}/${name}_pools.ld")
    set_target_properties(${name} PROPERTIES INTERFACE_LINK_DEPENDS "${folder}/${name}_pools.ld")
  endif()
endfunction()
