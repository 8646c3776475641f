/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tvm_ai: runs a neural network that was compiled to C.
 *
 * A model is a constant descriptor in flash (tvm_ai_model), made by the compiler together with its code and weights.
 * An instance (tvm_ai_instance) is a small structure of the application that binds a model to working memory:
 *
 *     #include "kws.h"
 *
 *     static uint8_t arena[KWS_ACTIVATIONS_SIZE] TVM_AI_ALIGNED;
 *     static tvm_ai_instance kws;
 *
 *     if (tvm_ai_create(&kws, &kws_model, &(tvm_ai_memory){.activations = arena, .size = sizeof arena}) != TVM_AI_OK) {
 *         ...
 *     }
 *     memcpy(tvm_ai_input(&kws, 0)->data, features, KWS_INPUT_0_SIZE);
 *     tvm_ai_run(&kws);
 *     const int8_t *scores = tvm_ai_output(&kws, 0)->data;
 *
 * Working memory ("activations") is the application's, in any of three ways, all with the same library:
 *   1. kws_activations, an array of the library in section .bss.kws_activations: a linker script may place it, and the
 *      linker drops it (--gc-sections) where nobody uses it;
 *   2. an array of the application, as above;
 *   3. a block from any allocator, of model->activations_size bytes, aligned to model->activations_alignment.
 *
 * Nothing here allocates, blocks, prints, or keeps a global that changes. Several instances may use one model, and may
 * share activations if they take turns: a run overwrites all of them, inputs and outputs that live there included, so
 * fill the inputs after the other instance ran, and read the outputs before it runs again.
 *
 * Where from: every function may be called from the main program, from tasks and from interrupt handlers of any
 * priority. Calls on different instances may interrupt each other at any point, runs included, provided their
 * activations do not overlap. On one instance, by the line "Context" of each function:
 *   any    it only reads what create set: at any time after create and before destroy, also while another function is
 *          under way on the instance;
 *   alone  it changes the instance: while no other function is under way on the instance. So an interrupt handler that
 *          needs an instance of the main program's leaves a flag, or has an instance of its own.
 *
 * FPU: where the firmware is compiled for one, runs of every model use its registers, int8 models too. The core keeps
 * them for interrupted code as it comes out of reset (ASPEN in FPCCR; lazily or not, LSPEN, makes no difference): leave
 * it so if interrupt handlers run models. Tasks that run models are tasks with FPU context to an operating system.
 */
#ifndef TVM_AI_H
#define TVM_AI_H

#include <stddef.h>
#include <stdint.h>

/* Version of this interface. Generated code and runtime must agree: headers check with #error, create at run time. */
#define TVM_AI_API_VERSION 1

/* Most inputs and outputs a model may have, together. */
#define TVM_AI_MAX_IO 8

/* Alignment in bytes that suits the activations of any model. */
#define TVM_AI_ALIGNMENT 8

/* offset of a tensor that has no place in the activations: the application provides its data. */
#define TVM_AI_NO_OFFSET UINT32_MAX

/* After the declarator of an array: aligned to n bytes; to suit any model; placed in a section by name. */
#if defined(__GNUC__)
#define TVM_AI_ALIGNED_TO(n) __attribute__((aligned(n)))
#elif !defined(TVM_AI_ALIGNED_TO)
#error "define TVM_AI_ALIGNED_TO(n) for this compiler: what, written after an array's name, aligns it to n bytes"
#endif
#define TVM_AI_ALIGNED TVM_AI_ALIGNED_TO(TVM_AI_ALIGNMENT)
#if defined(__ELF__) && defined(__GNUC__)
#define TVM_AI_SECTION(name) __attribute__((section(name)))
#else
#define TVM_AI_SECTION(name)
#endif

/* Before what each library of a firmware defines: of libraries linked as a whole (--whole-archive) the first counts. */
#if defined(__GNUC__)
#define TVM_AI_SHARED __attribute__((weak))
#else
#define TVM_AI_SHARED
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a function has to say. Enumerations are 32 bits wide with and without -fshort-enums. */
typedef enum {
    TVM_AI_OK = 0,
    TVM_AI_ERROR_NULL = 1,        /* a pointer that must not be null is */
    TVM_AI_ERROR_NOT_CREATED = 2, /* the instance was never created, or was destroyed */
    TVM_AI_ERROR_VERSION = 3,     /* the model was generated for another TVM_AI_API_VERSION than this runtime's */
    TVM_AI_ERROR_SIZE = 4,        /* the activations are smaller than the model needs */
    TVM_AI_ERROR_ALIGNMENT = 5,   /* the activations, or the data of an input or output, are not aligned */
    TVM_AI_ERROR_INDEX = 6,       /* the model has no input or output of that index */
    TVM_AI_ERROR_NO_DATA = 7,     /* the data of an input or output is null */
    TVM_AI_ERROR_MODEL = 8,       /* what was given belongs to another model than the instance's */
    TVM_AI_ERROR_POOLS = 9,       /* the model's memory is in pools, for tvm_ai_create_in_pools of tvm_ai_pools.h */
    TVM_AI_ERROR_ACCELERATOR = 10, /* an accelerator (tvm_ai_accelerator.h) failed */
    TVM_AI_STATUS_IS_32_BITS = INT32_MAX
} tvm_ai_status;

/* Element types. */
typedef enum {
    TVM_AI_INT8 = 0,
    TVM_AI_UINT8 = 1,
    TVM_AI_INT16 = 2,
    TVM_AI_INT32 = 3,
    TVM_AI_FLOAT32 = 4,
    TVM_AI_TYPE_IS_32_BITS = INT32_MAX
} tvm_ai_type;

/*
 * What is known of an input or output at build time; in flash.
 *
 * Quantized: real = scales[c] * (value - zero_points[c]). With quantizations == 1, c is 0: one scale and zero point for
 * the whole tensor (axis is -1). With more, c is the index along dimension `axis`. With 0 the tensor is not quantized,
 * and scales and zero_points are null.
 */
typedef struct {
    const char *name;     /* as in the model file, UTF-8 */
    tvm_ai_type type;     /* of an element */
    uint32_t rank;        /* number of dimensions; 0 is a scalar */
    const int32_t *shape; /* rank dimensions, outermost first, the batch of 1 included; null for a scalar */
    size_t size;          /* bytes */
    size_t alignment;     /* bytes; the address of the data must be a multiple of it */
    uint32_t offset;      /* bytes from the start of the activations, or TVM_AI_NO_OFFSET */
    uint32_t quantizations;
    const float *scales;
    const int32_t *zero_points;
    int32_t axis;
} tvm_ai_tensor_info;

/*
 * An input or output of an instance. `data` may be changed at any time between runs; each run reads inputs from, and
 * writes outputs to, where it points then: info->size bytes, which must not overlap the activations unless `data` is
 * what create put there, nor the data of another input or output.
 */
typedef struct {
    void *data;
    const tvm_ai_tensor_info *info;
} tvm_ai_tensor;

typedef struct tvm_ai_instance tvm_ai_instance;
struct tvm_ai_layout;

/*
 * A compiled model; in flash. All members may be read, at any time, also before there is an instance: size and
 * alignment of the activations are needed to allocate them. Made by the compiler only.
 */
typedef struct {
    uint32_t api_version;              /* TVM_AI_API_VERSION of the code that was generated */
    uint32_t nodes;                    /* kernel calls of one run */
    uint64_t macs;                     /* multiply-accumulates of one run */
    const char *name;                  /* given when it was compiled: the prefix of its C names */
    const char *source;                /* file name of the model */
    const char *description;           /* format and type, such as "TFLite, int8" */
    const char *versions;              /* tools that made the code, such as "apache-tvm 0.27.0, tvm_stm32 0.1.0" */
    const char *signature;             /* sha256 of the model file, 64 hexadecimal digits */
    uint32_t inputs;                   /* number of inputs */
    uint32_t outputs;                  /* number of outputs */
    const tvm_ai_tensor_info *tensors; /* of the inputs, then of the outputs, each in the model file's order */
    size_t activations_size;           /* bytes of working memory, at least 1 */
    size_t activations_alignment;      /* bytes; a power of two, at most TVM_AI_ALIGNMENT */
    size_t parameters_size;            /* bytes of weights, biases and other constants, gaps included; may be 0 */
    const void *parameters;            /* their address; null if there are none */
    void (*run)(const tvm_ai_instance *instance); /* for tvm_ai_run */
    const struct tvm_ai_layout *layout; /* of a model whose memory is in pools: see tvm_ai_pools.h; otherwise null */
} tvm_ai_model;

/* The working memory of an instance: `size` bytes at `activations`. */
typedef struct {
    void *activations;
    size_t size;
} tvm_ai_memory;

/*
 * A model bound to memory. The application owns the structure and reaches it through the functions below; its members
 * are shown for the debugger and so that its size is known. It must be static or set to zeros before create if any
 * other function might come first: that is what lets a run before create return a status.
 */
struct tvm_ai_instance {
    uint32_t magic;      /* marks an instance that was created */
    tvm_ai_status error; /* what tvm_ai_error returns */
    const tvm_ai_model *model;
    uint8_t *activations;
    const void *parameters;
    tvm_ai_tensor tensors[TVM_AI_MAX_IO]; /* inputs, then outputs */
};

/* A node, which is one kernel call of a run, for an observer; in flash. */
typedef struct {
    uint32_t index;        /* 0 for the first call */
    uint32_t type;         /* operator, as TensorFlow Lite's schema numbers them (BuiltinOperator), ONNX models too */
    uint64_t macs;         /* multiply-accumulates */
    const char *layer;     /* its name in the model file, UTF-8 */
    const char *operation; /* operator in the model file, such as "CONV_2D" or "Conv" */
    const char *kernel;    /* C function */
} tvm_ai_node;

typedef enum {
    TVM_AI_BEFORE_NODE = 0,
    TVM_AI_AFTER_NODE = 1,
    TVM_AI_EVENT_IS_32_BITS = INT32_MAX
} tvm_ai_event;

/* Whom a run tells of its nodes. notify must not use the instance that runs. */
typedef struct {
    void (*notify)(void *cookie, tvm_ai_event event, const tvm_ai_node *node);
    void *cookie; /* notify gets it back */
} tvm_ai_observer;

/* A model's nodes, and its run with an observer; in flash. Made by the compiler (--observer) only. */
typedef struct {
    const tvm_ai_model *model;
    const tvm_ai_node *nodes; /* model->nodes of them, in the order they run */
    void (*run)(const tvm_ai_instance *instance, const tvm_ai_observer *observer); /* for tvm_ai_run_observed */
} tvm_ai_observable;

/* What a model is, for a log or a display. The strings are in flash. Members are those of tvm_ai_model. */
typedef struct {
    const char *name;
    const char *source;
    const char *description;
    const char *versions;
    const char *signature;
    uint32_t api_version;
    uint32_t nodes;
    uint64_t macs;
    uint32_t inputs;
    uint32_t outputs;
    size_t activations_size;
    size_t parameters_size;
} tvm_ai_report;

/*
 * Make `instance` run `model` in `memory`.
 *
 * Sets the data of every input and output that lives in the activations, and null for those the application provides.
 * Writes nothing to the activations. `memory` itself is not needed after the call; what it points to is, until destroy.
 * Creating again on a living instance binds it anew. On any error the instance is left as it was, living or not.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL: an argument or memory->activations is null; TVM_AI_ERROR_VERSION;
 * TVM_AI_ERROR_SIZE; TVM_AI_ERROR_ALIGNMENT; TVM_AI_ERROR_POOLS: that model needs tvm_ai_create_in_pools.
 * Context: alone.
 */
tvm_ai_status tvm_ai_create(tvm_ai_instance *instance, const tvm_ai_model *model, const tvm_ai_memory *memory);

/*
 * Let the instance read weights, biases and other constants from `parameters`, `size` bytes that hold what
 * model->parameters holds: a copy in faster memory, or in a flash of its own. create chooses model->parameters again.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL; TVM_AI_ERROR_NOT_CREATED; TVM_AI_ERROR_SIZE: fewer bytes than the model's;
 * TVM_AI_ERROR_ALIGNMENT: not aligned to 4 bytes. On an error the instance is left as it was.
 * Context: alone.
 */
tvm_ai_status tvm_ai_set_parameters(tvm_ai_instance *instance, const void *parameters, size_t size);

/*
 * End an instance: it forgets its model, and the activations are free for other use.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL; TVM_AI_ERROR_NOT_CREATED (also on a second destroy).
 * Context: alone.
 */
tvm_ai_status tvm_ai_destroy(tvm_ai_instance *instance);

/*
 * Run the model once, from the inputs' data to the outputs' data. Takes as long as it takes; returns when done.
 *
 * Inputs in the activations are overwritten during the run: fill them anew before each. Inputs elsewhere are only read.
 * On any error nothing was run or written.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL; TVM_AI_ERROR_NOT_CREATED; TVM_AI_ERROR_NO_DATA: an input or output that the
 * application provides has no data yet; TVM_AI_ERROR_ALIGNMENT: a data pointer suits its element type badly.
 * Context: alone.
 */
tvm_ai_status tvm_ai_run(tvm_ai_instance *instance);

/*
 * What tvm_ai_run would find fault with now; nothing is run. The result is the instance's last error too.
 *
 * Returns what tvm_ai_run does.
 * Context: alone.
 */
tvm_ai_status tvm_ai_check(tvm_ai_instance *instance);

/*
 * tvm_ai_run, with `observer` told before and after each node. <model>_observed.h declares the observable.
 *
 * Also returns TVM_AI_ERROR_NULL for a null observable, observer or notify, and TVM_AI_ERROR_MODEL for an observable of
 * another model than the instance's; then nothing was run.
 * Context: alone; notify is called from where the run was.
 */
tvm_ai_status tvm_ai_run_observed(tvm_ai_instance *instance, const tvm_ai_observable *observable,
                                  const tvm_ai_observer *observer);

/*
 * The instance's last error: of tvm_ai_run, tvm_ai_input or tvm_ai_output. TVM_AI_OK after create and after each
 * successful run; reading it does not clear it. (create and destroy report by their result alone.)
 *
 * Also returns TVM_AI_ERROR_NULL for a null instance and TVM_AI_ERROR_NOT_CREATED for one that does not live.
 * Context: any; while a run is under way it is the error before, or the run's own.
 */
tvm_ai_status tvm_ai_error(const tvm_ai_instance *instance);

/* An English phrase for `status`, never null; in flash. Context: any; it needs no instance. */
const char *tvm_ai_status_text(tvm_ai_status status);

/* Number of inputs and of outputs; 0 for an instance that is null or does not live. Context: any. */
uint32_t tvm_ai_inputs(const tvm_ai_instance *instance);
uint32_t tvm_ai_outputs(const tvm_ai_instance *instance);

/*
 * Input or output `index`, in the model file's order. Null for an instance that is null or does not live, and for an
 * index out of range (tvm_ai_error then says TVM_AI_ERROR_INDEX). The pointer stays valid until destroy or create.
 * Context: any, with an index in range; alone otherwise. A run has read `data` when its first node starts.
 */
tvm_ai_tensor *tvm_ai_input(tvm_ai_instance *instance, uint32_t index);
tvm_ai_tensor *tvm_ai_output(tvm_ai_instance *instance, uint32_t index);

/*
 * Fill `report` with what the instance's model is.
 *
 * Returns TVM_AI_OK; TVM_AI_ERROR_NULL; TVM_AI_ERROR_NOT_CREATED. On an error `report` is left as it was.
 * Context: any.
 */
tvm_ai_status tvm_ai_get_report(const tvm_ai_instance *instance, tvm_ai_report *report);

/*
 * Bytes of working memory the model uses, and its address; 0 and null for an instance that is null or does not live.
 * Context: any.
 */
size_t tvm_ai_activations_size(const tvm_ai_instance *instance);
void *tvm_ai_activations(const tvm_ai_instance *instance);

/*
 * Bytes of the model's weights, biases and other constants, and their address; 0 and null for a model without any, and
 * for an instance that is null or does not live. Context: any.
 */
size_t tvm_ai_parameters_size(const tvm_ai_instance *instance);
const void *tvm_ai_parameters(const tvm_ai_instance *instance);

/*
 * The model called `name` (exactly) among the `count` models of the table `models`, or null. Null entries are skipped.
 *
 *     static const tvm_ai_model *const models[] = {&kws_model, &wake_model};
 *     const tvm_ai_model *model = tvm_ai_find_model(models, 2, "wake");
 * Context: any; it needs no instance.
 */
const tvm_ai_model *tvm_ai_find_model(const tvm_ai_model *const *models, size_t count, const char *name);

/*
 * tvm_ai_create for any model; for tvm_ai_pools.c, which binds the rest. Not for applications.
 * Context: alone.
 */
tvm_ai_status tvm_ai_bind(tvm_ai_instance *instance, const tvm_ai_model *model, const tvm_ai_memory *memory);

#ifdef __cplusplus
}
#endif

#endif /* TVM_AI_H */
