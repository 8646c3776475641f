/* SPDX-License-Identifier: Apache-2.0 */
/* Words that clients of the X-CUBE-AI interface put before declarations. */
#ifndef AI_DATATYPES_DEFINES_H
#define AI_DATATYPES_DEFINES_H

#include "ai_platform.h"

#define AI_STATIC static
#define AI_STATIC_CONST static const
#define AI_CONST const
#define AI_INLINE inline
#define AI_DECLARE_STATIC static inline
#define AI_EXTERN extern
#define AI_INTERFACE_ENTRY

#endif /* AI_DATATYPES_DEFINES_H */
