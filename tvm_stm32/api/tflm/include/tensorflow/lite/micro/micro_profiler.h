/* SPDX-License-Identifier: Apache-2.0 */
/* A profiler that keeps times of events and prints them. */
#ifndef TVM_STM32_TFLM_MICRO_PROFILER_H
#define TVM_STM32_TFLM_MICRO_PROFILER_H

#include <string.h>

#include "micro_log.h"
#include "micro_profiler_interface.h"
#include "micro_time.h"

/* Events that a profiler keeps, twelve bytes each; later ones are not told apart. */
#ifndef TVM_STM32_TFLM_MAX_EVENTS
#define TVM_STM32_TFLM_MAX_EVENTS 128
#endif

namespace tflite {

class MicroProfiler : public MicroProfilerInterface {
  public:
    uint32_t BeginEvent(const char *tag) override
    {
        const int event = num_events_ < kMaxEvents ? num_events_++ : kMaxEvents - 1;
        tags_[event] = tag;
        starts_[event] = ends_[event] = GetCurrentTimeTicks();
        return static_cast<uint32_t>(event);
    }

    void EndEvent(uint32_t event_handle) override
    {
        if (event_handle < static_cast<uint32_t>(kMaxEvents)) {
            ends_[event_handle] = GetCurrentTimeTicks();
        }
    }

    void ClearEvents()
    {
        num_events_ = 0;
    }

    int GetNumEvents() const
    {
        return num_events_;
    }

    uint32_t GetTotalTicks() const
    {
        uint32_t total = 0;
        for (int i = 0; i < num_events_; i++) {
            total += ticks(i);
        }
        return total;
    }

    void Log() const
    {
        for (int i = 0; i < num_events_; i++) {
            MicroPrintf("%s took %lu ticks (%lu ms).", tags_[i], static_cast<unsigned long>(ticks(i)), ms(ticks(i)));
        }
    }

    void LogCsv() const
    {
        MicroPrintf("\"Event\",\"Tag\",\"Ms\",\"Ticks\"");
        for (int i = 0; i < num_events_; i++) {
            MicroPrintf("%d,%s,%lu,%lu", i, tags_[i], ms(ticks(i)), static_cast<unsigned long>(ticks(i)));
        }
    }

    /* Sums of events of the same name, in the order of their first. */
    void LogTicksPerTagCsv() const
    {
        MicroPrintf("\"Unique Tag\",\"Total ticks across all events with that tag.\"");
        for (int i = 0; i < num_events_; i++) {
            uint32_t sum = 0;
            bool is_first = true;
            for (int j = 0; j < num_events_; j++) {
                if (strcmp(tags_[i], tags_[j]) == 0) {
                    is_first = is_first && j >= i;
                    sum += ticks(j);
                }
            }
            if (is_first) {
                MicroPrintf("%s, %lu", tags_[i], static_cast<unsigned long>(sum));
            }
        }
        MicroPrintf("total number of ticks, %lu", static_cast<unsigned long>(GetTotalTicks()));
    }

    TF_LITE_REMOVE_VIRTUAL_DELETE

  private:
    static constexpr int kMaxEvents = TVM_STM32_TFLM_MAX_EVENTS;

    uint32_t ticks(int event) const
    {
        return ends_[event] - starts_[event];
    }

    static unsigned long ms(uint32_t ticks)
    {
        return static_cast<unsigned long>(TicksToMs(static_cast<int32_t>(ticks)));
    }

    const char *tags_[kMaxEvents];
    uint32_t starts_[kMaxEvents];
    uint32_t ends_[kMaxEvents];
    int num_events_ = 0;
};

/* An event for as long as it lives. */
class ScopedMicroProfiler {
  public:
    ScopedMicroProfiler(const char *tag, MicroProfilerInterface *profiler) : profiler_(profiler)
    {
        if (profiler_ != nullptr) {
            event_ = profiler_->BeginEvent(tag);
        }
    }
    ~ScopedMicroProfiler()
    {
        if (profiler_ != nullptr) {
            profiler_->EndEvent(event_);
        }
    }
    ScopedMicroProfiler(const ScopedMicroProfiler &) = delete;
    ScopedMicroProfiler &operator=(const ScopedMicroProfiler &) = delete;

  private:
    MicroProfilerInterface *profiler_;
    uint32_t event_ = 0;
};

} // namespace tflite

#endif /* TVM_STM32_TFLM_MICRO_PROFILER_H */
