/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types, formats and return codes of the ST Edge AI client interface (stai 1.0.0), over tvm_ai.
 *
 * For firmware that was written for that interface. The names and layouts are those that its clients use.
 */
#ifndef STAI_H
#define STAI_H

#include <stddef.h>
#include <stdint.h>

#define TVM_STM32_API_STAI 1 /* version of this layer: generated code and these headers must agree */

#if !defined(__GNUC__)
#error "the stai layer needs a compiler with GNU attributes: gcc, clang or armclang"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define STAI_API_VERSION_MAJOR 1
#define STAI_API_VERSION_MINOR 0
#define STAI_API_VERSION_MICRO 0

#define STAI_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define STAI_UNUSED(value) (void)(value);
#define STAI_API_ENTRY
#define STAI_DECLARE_BEGIN
#define STAI_DECLARE_END

/* An array that a context of `size` bytes fits into. */
#define STAI_NETWORK_CONTEXT_DECLARE(name, size) stai_network name[size] STAI_ALIGNED(8);

/* --- types --- */

typedef uint8_t stai_network; /* the bytes of a context */
typedef uint8_t *stai_ptr;
typedef uint32_t stai_size;
typedef uint32_t stai_flags;

typedef enum {
    STAI_SUCCESS = 0x000000,
    STAI_RUNNING_NO_WFE = 0x000010,
    STAI_RUNNING_WFE = 0x000011,
    STAI_DONE = 0x000012,
    STAI_ERROR_GENERIC = 0x020000,
    STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS = 0x030000,
    STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE = 0x030001,
    STAI_ERROR_NETWORK_INVALID_CONTEXT_SIZE = 0x030002,
    STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT = 0x030003,
    STAI_ERROR_NETWORK_INVALID_INFO = 0x030010,
    STAI_ERROR_NETWORK_INVALID_RUN = 0x030020,
    STAI_ERROR_NETWORK_INVALID_RUNTIME = 0x030030,
    STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR = 0x040000,
    STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_NUM = 0x040001,
    STAI_ERROR_NETWORK_INVALID_IN_PTR = 0x040010,
    STAI_ERROR_NETWORK_INVALID_IN_NUM = 0x040011,
    STAI_ERROR_NETWORK_INVALID_OUT_PTR = 0x040020,
    STAI_ERROR_NETWORK_INVALID_OUT_NUM = 0x040021,
    STAI_ERROR_NETWORK_INVALID_STATES_PTR = 0x040030,
    STAI_ERROR_NETWORK_INVALID_STATES_NUM = 0x040031,
    STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR = 0x040040,
    STAI_ERROR_NETWORK_INVALID_WEIGHTS_NUM = 0x040041,
    STAI_ERROR_NETWORK_INVALID_CALLBACK = 0x040050,
    STAI_ERROR_NOT_IMPLEMENTED = 0x040060,
    STAI_ERROR_INVALID_BUFFER_ALIGNMENT = 0x040070,
    STAI_ERROR_NETWORK_STILL_RUNNING = 0x050000,
    STAI_ERROR_STAI_INIT_FAILED = 0x060000,
    STAI_ERROR_STAI_DEINIT_FAILED = 0x060001,
    STAI_RETURN_CODE_IS_32_BITS = INT32_MAX
} stai_return_code;

typedef enum { STAI_MODE_SYNC = 1, STAI_MODE_ASYNC = 2, STAI_MODE_IS_32_BITS = INT32_MAX } stai_run_mode;

/* --- flags, of networks and of buffers: plain numbers, for #if --- */

#define STAI_FLAG_NONE 0
#define STAI_FLAG_PREALLOCATED (0x1 << 0) /* the library knows its address */
#define STAI_FLAG_CHANNEL_FIRST (0x1 << 6)
#define STAI_FLAG_CHANNEL_LAST (0x1 << 7)
#define STAI_FLAG_HAS_BATCH (0x1 << 8)
#define STAI_FLAG_ACTIVATIONS (0x1 << 26)
#define STAI_FLAG_INPUTS (0x1 << 27)
#define STAI_FLAG_OUTPUTS (0x1 << 28)
#define STAI_FLAG_STATES (0x1 << 29)
#define STAI_FLAG_WEIGHTS (0x1 << 30)

/* --- formats: a word of type, sign, float, bits of an element and fractional bits --- */

typedef int32_t stai_format;

#define STAI_FORMAT_TYPE_NONE 0x0
#define STAI_FORMAT_TYPE_FLOAT 0x1
#define STAI_FORMAT_TYPE_Q 0x2
#define STAI_FORMAT_TYPE_BOOL 0x3

#define STAI_FORMAT_GET_TYPE(format) (((format) >> 17) & 0xF)
#define STAI_FORMAT_GET_SIGN(format) (((format) >> 23) & 0x1)
#define STAI_FORMAT_GET_FLOAT(format) (((format) >> 24) & 0x1)
#define STAI_FORMAT_GET_BITS(format) (((format) >> 7) & 0x7F)
#define STAI_FORMAT_GET_FBITS(format) (((format) & 0x7F) - 64)

#define STAI_FORMAT_NONE 0x00000040
#define STAI_FORMAT_FLOAT32 0x01821040
#define STAI_FORMAT_FLOAT STAI_FORMAT_FLOAT32
#define STAI_FORMAT_S8 0x00840440
#define STAI_FORMAT_U8 0x00040440
#define STAI_FORMAT_S16 0x00840840
#define STAI_FORMAT_U16 0x00040840
#define STAI_FORMAT_S32 0x00841040
#define STAI_FORMAT_U32 0x00041040
#define STAI_FORMAT_BOOL 0x00060440

/* --- what a network is --- */

typedef struct {
    stai_size size;
    const int32_t *data;
} stai_array_s32;

typedef struct {
    stai_size size;
    const int16_t *data;
} stai_array_s16;

typedef struct {
    stai_size size;
    const float *data;
} stai_array_f32;

typedef stai_array_s32 stai_shape; /* outermost dimension first */

typedef struct {
    uint8_t major;
    uint8_t minor;
    uint8_t micro;
    uint8_t reserved;
} stai_version;

/* real = scale * (value - zeropoint): none, one for the tensor, or one for each channel. */
typedef struct {
    stai_size size_bytes;
    stai_flags flags;
    stai_format format;
    stai_shape shape;
    stai_array_f32 scale;
    stai_array_s16 zeropoint;
    const char *name; /* as in the model file */
} stai_tensor;

typedef struct {
    const char *model_signature;    /* sha256 of the model file */
    const char *c_compile_datetime; /* empty: output is reproducible */
    const char *c_model_name;
    const char *c_model_datetime;    /* likewise */
    const char *c_model_signature;   /* of what is computed, whatever the weights */
    stai_version runtime_version;    /* major is TVM_AI_API_VERSION */
    stai_version tool_version;       /* of tvm_stm32 */
    stai_version api_version;
    uint64_t n_macc;
    uint32_t n_nodes;
    stai_flags flags;
    uint16_t n_inputs;
    uint16_t n_outputs;
    uint16_t n_activations;
    uint16_t n_weights;
    uint16_t n_states;
    const stai_tensor *inputs;
    const stai_tensor *outputs;
    const stai_tensor *activations;
    const stai_tensor *weights;
    const stai_tensor *states;
} stai_network_info;

/* A node: what it reads and writes are indices into the tensors of stai_network_details. */
typedef struct {
    int32_t id;
    int16_t type; /* operator, as TensorFlow Lite's schema numbers them (BuiltinOperator) */
    stai_array_s32 input_tensors;
    stai_array_s32 output_tensors;
    const char *name;
} stai_node_details;

typedef struct {
    stai_array_s32 inputs; /* indices into `tensors`, of the network's inputs and outputs */
    stai_array_s32 outputs;
    const stai_tensor *tensors;
    uint32_t n_tensors;
    const stai_node_details *details;
    uint32_t n_nodes;
} stai_network_details;

typedef struct {
    stai_version runtime_version;
    stai_version api_version;
} stai_runtime_info;

/* Told of events, see stai_events.h. */
typedef int32_t stai_event_type;
typedef void (*stai_event_cb)(void *cookie, const stai_event_type event_type, const void *event_payload);

/* --- the runtime, which has nothing to set up --- */

stai_return_code stai_runtime_init(void);
stai_return_code stai_runtime_deinit(void);

/* STAI_ERROR_NETWORK_INVALID_INFO for null. */
stai_return_code stai_runtime_get_info(stai_runtime_info *info);

#ifdef __cplusplus
}
#endif

#endif /* STAI_H */
