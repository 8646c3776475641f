/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types, formats and errors of the X-CUBE-AI client interface, generation 7.1 and later, over tvm_ai.
 *
 * For firmware that was written for that interface. The names and layouts are those that its clients use.
 */
#ifndef AI_PLATFORM_H
#define AI_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#if defined(TVM_STM32_API_STM32_PORT)
#error "ai_platform.h (x-cube-ai) and ai_runtime_api.h (stm32-port) give ai_* different meanings: include one per file"
#endif
#define TVM_STM32_API_X_CUBE_AI 1 /* version of this layer: generated code and these headers must agree */

#if !defined(__GNUC__)
#error "the x-cube-ai layer needs a compiler with GNU attributes: gcc, clang or armclang"
#endif

#ifdef __cplusplus
#define AI_API_DECLARE_BEGIN extern "C" {
#define AI_API_DECLARE_END }
#else
#define AI_API_DECLARE_BEGIN
#define AI_API_DECLARE_END
#endif
#define AI_API_ENTRY
#define AI_DEPRECATED __attribute__((deprecated))
#define AI_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define AI_UNUSED(value) (void)(value);

/* Version of the platform interface. */
#define AI_PLATFORM_API_MAJOR 1
#define AI_PLATFORM_API_MINOR 2
#define AI_PLATFORM_API_MICRO 0

/* --- scalars --- */

typedef uint8_t ai_bool;
typedef char ai_char;
typedef uint8_t ai_u8;
typedef uint16_t ai_u16;
typedef uint32_t ai_u32;
typedef uint64_t ai_u64;
typedef int8_t ai_i8;
typedef int16_t ai_i16;
typedef int32_t ai_i32;
typedef int64_t ai_i64;
typedef float ai_float;
typedef double ai_double;
typedef int ai_int;
typedef unsigned int ai_uint;
typedef uint32_t ai_size;
typedef uint32_t ai_flags;
typedef uint32_t ai_signature;
typedef uint32_t ai_custom_type_signature;
typedef uint64_t ai_macc;
typedef uint8_t *ai_ptr;
typedef void *ai_handle;
typedef uint32_t ai_shape_dimension;
typedef int32_t ai_buffer_format;

#define AI_HANDLE_NULL ((ai_handle)0)
#define AI_HANDLE_PTR(pointer) ((ai_handle)(pointer))

/* --- errors --- */

typedef struct ai_error_ {
    ai_u32 type : 8;  /* AI_ERROR_* */
    ai_u32 code : 24; /* AI_ERROR_CODE_* */
} ai_error;

#define AI_ERROR_NONE 0x00
#define AI_ERROR_TOOL_PLATFORM_API_MISMATCH 0x01
#define AI_ERROR_TYPES_MISMATCH 0x02
#define AI_ERROR_INVALID_HANDLE 0x10
#define AI_ERROR_INVALID_STATE 0x11
#define AI_ERROR_INVALID_INPUT 0x12
#define AI_ERROR_INVALID_OUTPUT 0x13
#define AI_ERROR_INVALID_PARAM 0x14
#define AI_ERROR_INVALID_SIGNATURE 0x15
#define AI_ERROR_INVALID_SIZE 0x16
#define AI_ERROR_INVALID_VALUE 0x17
#define AI_ERROR_INIT_FAILED 0x30
#define AI_ERROR_ALLOCATION_FAILED 0x31
#define AI_ERROR_DEALLOCATION_FAILED 0x32
#define AI_ERROR_CREATE_FAILED 0x33

#define AI_ERROR_CODE_NONE 0x00
#define AI_ERROR_CODE_NETWORK 0x10
#define AI_ERROR_CODE_NETWORK_PARAMS 0x11
#define AI_ERROR_CODE_NETWORK_WEIGHTS 0x12
#define AI_ERROR_CODE_NETWORK_ACTIVATIONS 0x13
#define AI_ERROR_CODE_LAYER 0x14
#define AI_ERROR_CODE_TENSOR 0x15
#define AI_ERROR_CODE_ARRAY 0x16
#define AI_ERROR_CODE_INVALID_PTR 0x17
#define AI_ERROR_CODE_INVALID_SIZE 0x18
#define AI_ERROR_CODE_INVALID_FORMAT 0x19
#define AI_ERROR_CODE_OUT_OF_RANGE 0x20
#define AI_ERROR_CODE_INVALID_BATCH 0x21
#define AI_ERROR_CODE_MISSED_INIT 0x30
#define AI_ERROR_CODE_IN_USE 0x40
#define AI_ERROR_CODE_LOCK 0x41

/* --- formats: a word of type, sign, float, bits of an element and fractional bits --- */

#define AI_BUFFER_FMT_TYPE_NONE 0x0
#define AI_BUFFER_FMT_TYPE_FLOAT 0x1
#define AI_BUFFER_FMT_TYPE_Q 0x2
#define AI_BUFFER_FMT_TYPE_BOOL 0x3

#define AI_BUFFER_FMT_GET_TYPE(format) (((format) >> 17) & 0xF)
#define AI_BUFFER_FMT_GET_SIGN(format) (((format) >> 23) & 0x1)
#define AI_BUFFER_FMT_GET_FLOAT(format) (((format) >> 24) & 0x1)
#define AI_BUFFER_FMT_GET_BITS(format) (((format) >> 7) & 0x7F)
#define AI_BUFFER_FMT_GET_FBITS(format) (((format) & 0x7F) - 64)
#define AI_BUFFER_FMT_SAME(a, b) ((a) == (b))

#define AI_BUFFER_FORMAT_NONE 0x00000040
#define AI_BUFFER_FORMAT_FLOAT 0x01821040
#define AI_BUFFER_FORMAT_U8 0x00040440
#define AI_BUFFER_FORMAT_U16 0x00040840
#define AI_BUFFER_FORMAT_U32 0x00041040
#define AI_BUFFER_FORMAT_S8 0x00840440
#define AI_BUFFER_FORMAT_S16 0x00840840
#define AI_BUFFER_FORMAT_S32 0x00841040
#define AI_BUFFER_FORMAT_Q7 0x00840447
#define AI_BUFFER_FORMAT_Q15 0x0084084F
#define AI_BUFFER_FORMAT_UQ7 0x00040447
#define AI_BUFFER_FORMAT_UQ15 0x0004084F
#define AI_BUFFER_FORMAT_BOOL 0x00060440

/* --- quantization: real = scale * (value - zeropoint), one pair for the tensor or one for each channel --- */

typedef struct ai_intq_info_ {
    ai_float *scale;
    ai_handle zeropoint; /* elements of the type that the list's flags say */
} ai_intq_info;

typedef struct ai_intq_info_list_ {
    ai_u16 flags; /* AI_BUFFER_META_FLAG_* */
    ai_u16 size;  /* number of scales and zero points */
    ai_intq_info *info;
} ai_intq_info_list;

typedef struct ai_buffer_meta_info_ {
    ai_u32 flags; /* AI_BUFFER_META_HAS_INTQ_INFO */
    ai_intq_info_list *intq_info;
} ai_buffer_meta_info;

#define AI_BUFFER_META_HAS_INTQ_INFO 0x1u
#define AI_BUFFER_META_FLAG_SCALE_FLOAT 0x1u
#define AI_BUFFER_META_FLAG_ZEROPOINT_U8 0x2u
#define AI_BUFFER_META_FLAG_ZEROPOINT_S8 0x4u
#define AI_BUFFER_META_FLAG_ZEROPOINT_U16 0x8u
#define AI_BUFFER_META_FLAG_ZEROPOINT_S16 0x10u

/* The list of a tensor's meta_info, or null. */
#define AI_BUFFER_META_INFO_INTQ(meta) \
    (((meta) != NULL && ((meta)->flags & AI_BUFFER_META_HAS_INTQ_INFO) != 0u) ? (meta)->intq_info : NULL)
/* Of such a list, which may be null: its size, a scale, a zero point; 0 where there is none. */
#define AI_BUFFER_META_INFO_INTQ_GET_SIZE(list) ((list) != NULL ? (list)->size : 0)
#define AI_BUFFER_META_INFO_INTQ_GET_SCALE(list, pos) \
    (((list) != NULL && (pos) < (list)->size) ? (list)->info->scale[pos] : 0.0f)
#define AI_BUFFER_META_INFO_INTQ_GET_ZEROPOINT(list, pos) \
    (((list) == NULL || (pos) >= (list)->size)                        ? 0 \
     : ((list)->flags & AI_BUFFER_META_FLAG_ZEROPOINT_U8) != 0u       ? ((const ai_u8 *)(list)->info->zeropoint)[pos] \
     : ((list)->flags & AI_BUFFER_META_FLAG_ZEROPOINT_S8) != 0u       ? ((const ai_i8 *)(list)->info->zeropoint)[pos] \
                                                                      : ((const ai_i16 *)(list)->info->zeropoint)[pos])
/* The same where the type is known. */
#define AI_INTQ_INFO_LIST_SIZE(list) AI_BUFFER_META_INFO_INTQ_GET_SIZE(list)
#define AI_INTQ_INFO_LIST_FLAGS(list) ((list) != NULL ? (list)->flags : 0)
#define AI_INTQ_INFO_LIST_SCALE(list, type, pos) (((const type *)(list)->info->scale)[pos])
#define AI_INTQ_INFO_LIST_ZEROPOINT(list, type, pos) (((const type *)(list)->info->zeropoint)[pos])

/* --- buffers --- */

/* Order of the dimensions in a shape. */
typedef enum {
    AI_SHAPE_BATCH = 0,
    AI_SHAPE_CHANNEL = 1,
    AI_SHAPE_WIDTH = 2,
    AI_SHAPE_HEIGHT = 3,
    AI_SHAPE_DEPTH = 4,
    AI_SHAPE_EXTENSION = 5
} ai_shape_type;

#define AI_SHAPE_BCWH 0x01u /* type of a shape in that order */

typedef struct ai_buffer_shape_ {
    ai_u32 type : 8;
    ai_u32 size : 24; /* number of dimensions, at least 4 */
    ai_shape_dimension *data;
} ai_buffer_shape;

typedef struct ai_buffer_ {
    ai_buffer_format format;
    ai_handle data;
    ai_buffer_meta_info *meta_info; /* null if the tensor is not quantized */
    ai_flags flags;
    ai_size size; /* elements; of activations and weights, bytes */
    ai_buffer_shape shape;
} ai_buffer;

typedef struct ai_buffer_array_ {
    ai_u16 flags;
    ai_u16 size;
    ai_buffer *buffer;
} ai_buffer_array;

#define AI_FLAG_NONE 0u

#define AI_BUFFER_FORMAT(buffer) ((buffer)->format)
#define AI_BUFFER_DATA(buffer, type) ((type *)(buffer)->data)
#define AI_BUFFER_META_INFO(buffer) ((buffer)->meta_info)
#define AI_BUFFER_SIZE(buffer) ((buffer)->size)
#define AI_BUFFER_BYTE_SIZE(count, format) ((((ai_u32)(count)) * (ai_u32)AI_BUFFER_FMT_GET_BITS(format) + 7u) / 8u)
#define AI_BUFFER_SHAPE_TYPE(buffer) ((buffer)->shape.type)
#define AI_BUFFER_SHAPE_SIZE(buffer) ((buffer)->shape.size)
#define AI_BUFFER_SHAPE_ELEM(buffer, pos) \
    ((ai_u32)(pos) < AI_BUFFER_SHAPE_SIZE(buffer) ? (buffer)->shape.data[pos] : 0u)

#ifndef __cplusplus
/* Initializers of an ai_buffer, of all its members or of one batch. The shape lives as long as the buffer's block. */
#define AI_BUFFER_SHAPE_INIT(type_, count, ...) {(type_), (count), (ai_shape_dimension[]){__VA_ARGS__}}
#define AI_BUFFER_INIT(flags_, format_, shape_, size_, meta_info_, data_) \
    {(format_), AI_HANDLE_PTR(data_), (meta_info_), (flags_), (size_), shape_}
#define AI_BUFFER_OBJ_INIT(format_, height, width, channels, n_batches, data_) \
    {(format_), AI_HANDLE_PTR(data_), NULL, AI_FLAG_NONE, (ai_size)((height) * (width) * (channels)), \
     {AI_SHAPE_BCWH, 4u, (ai_shape_dimension[]){(n_batches), (channels), (width), (height)}}}
#endif

/* Let item `pos` of an ai_buffer_array be at `address`; false if there is no such item. */
#define AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(array, pos, address) \
    ai_platform_set_address((array), (ai_u32)(pos), AI_HANDLE_PTR(address))
#define AI_BUFFER_ARRAY_ITEM(array, pos) (&(array)->buffer[pos])

static inline ai_bool ai_platform_set_address(ai_buffer_array *array, ai_u32 pos, ai_handle address)
{
    if (array == NULL || pos >= array->size || array->buffer == NULL) {
        return 0;
    }
    array->buffer[pos].data = address;
    return 1;
}

/* --- parameters and report --- */

#define AI_MAGIC_MARKER 0x7AB1E5EDu    /* before the first and behind the last entry of a table of addresses */
#define AI_MAGIC_SIGNATURE 0x7AB1E5EDu /* of parameters that hold arrays of buffers */

/* Weights and activations for init: one buffer each, or (map_signature is AI_MAGIC_SIGNATURE) an array each. */
#define TVM_AI_NETWORK_PARAMS \
    __extension__ struct { \
        ai_buffer params; \
        ai_buffer activations; \
    }; \
    __extension__ struct { \
        ai_signature map_signature; \
        ai_buffer_array map_weights; \
        ai_buffer_array map_activations; \
    };

__extension__ typedef union ai_network_params_ {
    TVM_AI_NETWORK_PARAMS
} ai_network_params;

#ifndef __cplusplus
#define AI_NETWORK_PARAMS_INIT(params_, activations_) {.params = params_, .activations = activations_}
#endif

typedef struct ai_platform_version_ {
    ai_u8 major;
    ai_u8 minor;
    ai_u8 micro;
    ai_u8 reserved;
} ai_platform_version;

typedef struct ai_network_report_ {
    const char *model_name;
    const char *model_signature;  /* sha256 of the model file */
    const char *model_datetime;   /* no date: output is reproducible */
    const char *compile_datetime; /* likewise */
    const char *runtime_revision;
    ai_platform_version runtime_version; /* major is TVM_AI_API_VERSION */
    const char *tool_revision;           /* names and versions of the tools */
    ai_platform_version tool_version;    /* of tvm_stm32 */
    ai_platform_version tool_api_version;
    ai_platform_version api_version;
    ai_platform_version interface_api_version;
    ai_macc n_macc;
    ai_u16 n_inputs;
    ai_u16 n_outputs;
    ai_buffer *inputs;
    ai_buffer *outputs;
    __extension__ union {
        TVM_AI_NETWORK_PARAMS
    };
    ai_u32 n_nodes;
    ai_signature signature;
} ai_network_report;

#endif /* AI_PLATFORM_H */
