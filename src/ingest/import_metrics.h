#pragma once
#include <chrono>

#include "ingest/destination.h"

namespace larmor::ingest {

/// Counts one import by its outcome, with its bytes and how long it took to be durable.
void count_import(const ImportResult& result, std::chrono::steady_clock::duration took);

}  // namespace larmor::ingest
