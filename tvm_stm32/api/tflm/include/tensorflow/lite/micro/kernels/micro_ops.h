/* SPDX-License-Identifier: Apache-2.0 */
/* Operators by number. Their kernels are part of a compiled model, so a registration is no more than that. */
#ifndef TVM_STM32_TFLM_MICRO_OPS_H
#define TVM_STM32_TFLM_MICRO_OPS_H

#include <stdint.h>

/* OPERATOR(Name, NAME, number in the schema) */
#define TVM_STM32_TFLM_OPERATORS(OPERATOR) \
    OPERATOR(Abs, ABS, 101) \
    OPERATOR(Add, ADD, 0) \
    OPERATOR(AddN, ADD_N, 106) \
    OPERATOR(ArgMax, ARG_MAX, 56) \
    OPERATOR(ArgMin, ARG_MIN, 79) \
    OPERATOR(AssignVariable, ASSIGN_VARIABLE, 144) \
    OPERATOR(AveragePool2D, AVERAGE_POOL_2D, 1) \
    OPERATOR(BatchMatMul, BATCH_MATMUL, 126) \
    OPERATOR(BatchToSpaceNd, BATCH_TO_SPACE_ND, 37) \
    OPERATOR(BroadcastArgs, BROADCAST_ARGS, 145) \
    OPERATOR(BroadcastTo, BROADCAST_TO, 130) \
    OPERATOR(CallOnce, CALL_ONCE, 129) \
    OPERATOR(Cast, CAST, 53) \
    OPERATOR(Ceil, CEIL, 104) \
    OPERATOR(Concatenation, CONCATENATION, 2) \
    OPERATOR(Conv2D, CONV_2D, 3) \
    OPERATOR(Cos, COS, 108) \
    OPERATOR(CumSum, CUMSUM, 128) \
    OPERATOR(DepthToSpace, DEPTH_TO_SPACE, 5) \
    OPERATOR(DepthwiseConv2D, DEPTHWISE_CONV_2D, 4) \
    OPERATOR(Dequantize, DEQUANTIZE, 6) \
    OPERATOR(Div, DIV, 42) \
    OPERATOR(DynamicUpdateSlice, DYNAMIC_UPDATE_SLICE, 151) \
    OPERATOR(Elu, ELU, 111) \
    OPERATOR(EmbeddingLookup, EMBEDDING_LOOKUP, 7) \
    OPERATOR(Equal, EQUAL, 71) \
    OPERATOR(Exp, EXP, 47) \
    OPERATOR(ExpandDims, EXPAND_DIMS, 70) \
    OPERATOR(Fill, FILL, 94) \
    OPERATOR(Floor, FLOOR, 8) \
    OPERATOR(FloorDiv, FLOOR_DIV, 90) \
    OPERATOR(FloorMod, FLOOR_MOD, 95) \
    OPERATOR(FullyConnected, FULLY_CONNECTED, 9) \
    OPERATOR(Gather, GATHER, 36) \
    OPERATOR(GatherNd, GATHER_ND, 107) \
    OPERATOR(Greater, GREATER, 61) \
    OPERATOR(GreaterEqual, GREATER_EQUAL, 62) \
    OPERATOR(HardSwish, HARD_SWISH, 117) \
    OPERATOR(If, IF, 118) \
    OPERATOR(L2Normalization, L2_NORMALIZATION, 11) \
    OPERATOR(L2Pool2D, L2_POOL_2D, 12) \
    OPERATOR(LeakyRelu, LEAKY_RELU, 98) \
    OPERATOR(Less, LESS, 58) \
    OPERATOR(LessEqual, LESS_EQUAL, 63) \
    OPERATOR(Log, LOG, 73) \
    OPERATOR(LogSoftmax, LOG_SOFTMAX, 50) \
    OPERATOR(LogicalAnd, LOGICAL_AND, 86) \
    OPERATOR(LogicalNot, LOGICAL_NOT, 87) \
    OPERATOR(LogicalOr, LOGICAL_OR, 84) \
    OPERATOR(Logistic, LOGISTIC, 14) \
    OPERATOR(MaxPool2D, MAX_POOL_2D, 17) \
    OPERATOR(Maximum, MAXIMUM, 55) \
    OPERATOR(Mean, MEAN, 40) \
    OPERATOR(Minimum, MINIMUM, 57) \
    OPERATOR(MirrorPad, MIRROR_PAD, 100) \
    OPERATOR(Mul, MUL, 18) \
    OPERATOR(Neg, NEG, 59) \
    OPERATOR(NotEqual, NOT_EQUAL, 72) \
    OPERATOR(Pack, PACK, 83) \
    OPERATOR(Pad, PAD, 34) \
    OPERATOR(PadV2, PADV2, 60) \
    OPERATOR(Prelu, PRELU, 54) \
    OPERATOR(Quantize, QUANTIZE, 114) \
    OPERATOR(ReadVariable, READ_VARIABLE, 143) \
    OPERATOR(ReduceMax, REDUCE_MAX, 82) \
    OPERATOR(ReduceMin, REDUCE_MIN, 89) \
    OPERATOR(Relu, RELU, 19) \
    OPERATOR(Relu6, RELU6, 21) \
    OPERATOR(Reshape, RESHAPE, 22) \
    OPERATOR(ResizeBilinear, RESIZE_BILINEAR, 23) \
    OPERATOR(ResizeNearestNeighbor, RESIZE_NEAREST_NEIGHBOR, 97) \
    OPERATOR(ReverseV2, REVERSE_V2, 105) \
    OPERATOR(Round, ROUND, 116) \
    OPERATOR(Rsqrt, RSQRT, 76) \
    OPERATOR(SelectV2, SELECT_V2, 123) \
    OPERATOR(Shape, SHAPE, 77) \
    OPERATOR(Sin, SIN, 66) \
    OPERATOR(Slice, SLICE, 65) \
    OPERATOR(Softmax, SOFTMAX, 25) \
    OPERATOR(SpaceToBatchNd, SPACE_TO_BATCH_ND, 38) \
    OPERATOR(SpaceToDepth, SPACE_TO_DEPTH, 26) \
    OPERATOR(Split, SPLIT, 49) \
    OPERATOR(SplitV, SPLIT_V, 102) \
    OPERATOR(Sqrt, SQRT, 75) \
    OPERATOR(Square, SQUARE, 92) \
    OPERATOR(SquaredDifference, SQUARED_DIFFERENCE, 99) \
    OPERATOR(Squeeze, SQUEEZE, 43) \
    OPERATOR(StridedSlice, STRIDED_SLICE, 45) \
    OPERATOR(Sub, SUB, 41) \
    OPERATOR(Sum, SUM, 74) \
    OPERATOR(Svdf, SVDF, 27) \
    OPERATOR(Tanh, TANH, 28) \
    OPERATOR(Transpose, TRANSPOSE, 39) \
    OPERATOR(TransposeConv, TRANSPOSE_CONV, 67) \
    OPERATOR(UnidirectionalSequenceLSTM, UNIDIRECTIONAL_SEQUENCE_LSTM, 44) \
    OPERATOR(Unpack, UNPACK, 88) \
    OPERATOR(VarHandle, VAR_HANDLE, 142) \
    OPERATOR(While, WHILE, 119) \
    OPERATOR(ZerosLike, ZEROS_LIKE, 93)

struct TFLMRegistration {
    int32_t builtin_code;
};
using TfLiteRegistration = TFLMRegistration;
using TfLiteRegistration_V1 = TFLMRegistration;

namespace tflite {

enum BuiltinOperator : int32_t {
#define TVM_STM32_TFLM_NUMBER(name, constant, number) BuiltinOperator_##constant = number,
    TVM_STM32_TFLM_OPERATORS(TVM_STM32_TFLM_NUMBER)
#undef TVM_STM32_TFLM_NUMBER
    BuiltinOperator_CUSTOM = 32
};

#define TVM_STM32_TFLM_REGISTER(name, constant, number) \
    inline TFLMRegistration Register_##constant() \
    { \
        return TFLMRegistration{number}; \
    }
TVM_STM32_TFLM_OPERATORS(TVM_STM32_TFLM_REGISTER)
#undef TVM_STM32_TFLM_REGISTER

/* Variants of kernels, which clients choose to save flash. */
#define TVM_STM32_TFLM_VARIANT(constant, variant) \
    inline TFLMRegistration Register_##constant##_##variant() \
    { \
        return Register_##constant(); \
    }
TVM_STM32_TFLM_VARIANT(ADD, INT8)
TVM_STM32_TFLM_VARIANT(ADD, INT16)
TVM_STM32_TFLM_VARIANT(AVERAGE_POOL_2D, INT8)
TVM_STM32_TFLM_VARIANT(AVERAGE_POOL_2D, INT16)
TVM_STM32_TFLM_VARIANT(CONV_2D, INT8)
TVM_STM32_TFLM_VARIANT(CONV_2D, INT16)
TVM_STM32_TFLM_VARIANT(CONV_2D, INT8REF)
TVM_STM32_TFLM_VARIANT(DEPTHWISE_CONV_2D, INT8)
TVM_STM32_TFLM_VARIANT(DEPTHWISE_CONV_2D, INT16)
TVM_STM32_TFLM_VARIANT(FULLY_CONNECTED, INT8)
TVM_STM32_TFLM_VARIANT(FULLY_CONNECTED, INT16)
TVM_STM32_TFLM_VARIANT(MAX_POOL_2D, INT8)
TVM_STM32_TFLM_VARIANT(MAX_POOL_2D, INT16)
TVM_STM32_TFLM_VARIANT(MUL, INT8)
TVM_STM32_TFLM_VARIANT(SOFTMAX, INT8)
TVM_STM32_TFLM_VARIANT(SOFTMAX, INT8_INT16)
TVM_STM32_TFLM_VARIANT(SOFTMAX, INT16)
#undef TVM_STM32_TFLM_VARIANT

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_OPS_H */
