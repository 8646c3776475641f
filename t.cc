#include "tvm_ai_pools.h"
