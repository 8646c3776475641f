/* SPDX-License-Identifier: Apache-2.0 */
/* An arena that several interpreters share: it is used as far as the largest of them needs. */
#ifndef TVM_STM32_TFLM_MICRO_ALLOCATOR_H
#define TVM_STM32_TFLM_MICRO_ALLOCATOR_H

#include <new>

#include "micro_log.h"
#include "tvm_ai_tflm.h"

namespace tflite {

class MicroAllocator {
  public:
    /* Begins with the allocator itself. nullptr: the arena has no room for it. */
    static MicroAllocator *Create(uint8_t *tensor_arena, size_t arena_size)
    {
        return make<MicroAllocator>(tensor_arena, arena_size);
    }

    /* Bytes in use, the allocator's included. */
    size_t used_bytes() const
    {
        return overhead_ + used_;
    }

    /* For interpreters. */
    uint8_t *arena() const
    {
        return arena_;
    }
    size_t size() const
    {
        return size_;
    }
    void use(size_t bytes)
    {
        used_ = bytes > used_ ? bytes : used_;
    }

  protected:
    MicroAllocator(uint8_t *arena, size_t size, size_t overhead) : arena_(arena), size_(size), overhead_(overhead)
    {
    }

    template <class Allocator> static Allocator *make(uint8_t *arena, size_t size)
    {
        const size_t mask = alignof(Allocator) - 1;
        const size_t gap = static_cast<size_t>(0 - reinterpret_cast<uintptr_t>(arena)) & mask;
        const size_t overhead = gap + sizeof(Allocator);
        if (arena == nullptr || size < overhead) {
            return nullptr;
        }
        return new (arena + gap) Allocator(arena + overhead, size - overhead, overhead);
    }

  private:
    uint8_t *arena_;
    size_t size_;
    size_t overhead_;
    size_t used_ = 0;
};

class RecordingMicroAllocator : public MicroAllocator {
  public:
    static RecordingMicroAllocator *Create(uint8_t *tensor_arena, size_t arena_size)
    {
        return make<RecordingMicroAllocator>(tensor_arena, arena_size);
    }

    void PrintAllocations() const
    {
        MicroPrintf("[RecordingMicroAllocator] Arena allocation total %lu bytes",
                    static_cast<unsigned long>(used_bytes()));
    }

  private:
    friend class MicroAllocator;
    using MicroAllocator::MicroAllocator;
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_ALLOCATOR_H */
