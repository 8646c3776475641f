/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors as TVM and its clients hand them around: the parts of DLPack that they use. */
#ifndef DLPACK_DLPACK_H_ /* as in DLPack: with both at hand, the first is used */
#define DLPACK_DLPACK_H_

#include <stddef.h>
#include <stdint.h>

#define DLPACK_VERSION 60

typedef enum {
    kDLCPU = 1,
    kDLExtDev = 12,
    kDLDeviceTypeIs32Bits = INT32_MAX /* with -fshort-enums too */
} DLDeviceType;

typedef struct {
    DLDeviceType device_type;
    int device_id;
} DLDevice;

typedef enum {
    kDLInt = 0U,
    kDLUInt = 1U,
    kDLFloat = 2U,
    kDLOpaqueHandle = 3U,
    kDLBfloat = 4U
} DLDataTypeCode;

typedef struct {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
} DLDataType;

typedef struct {
    void *data; /* the first element is byte_offset further */
    DLDevice device;
    int ndim;
    DLDataType dtype;
    int64_t *shape;
    int64_t *strides; /* null: compact, the last dimension innermost */
    uint64_t byte_offset;
} DLTensor;

#endif /* DLPACK_DLPACK_H_ */
