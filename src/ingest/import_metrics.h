#pragma once
#include <chrono>
#include <cstddef>

#include "ingest/destination.h"

namespace larmor::ingest {

/// Counts one import by its outcome, with its bytes and how long it took to be durable.
void count_import(const ImportResult& result, std::chrono::steady_clock::duration took);

/// Counts an arrival as waiting for its turn, then as being read, until destroyed.
class CountedReading {
public:
    CountedReading();
    ~CountedReading();
    CountedReading(const CountedReading&) = delete;
    CountedReading& operator=(const CountedReading&) = delete;
    void begin();

private:
    bool begun_ = false;
};

/// How many may be read at a time.
void show_readings_max(std::size_t count);

}  // namespace larmor::ingest
