#pragma once
#include <memory>

#include "archive/archive.h"

namespace larmor::archive {

/// What a gzip stream holds: one member after the other, each with its CRC-32 and length
/// verified (RFC 1952). Zero padding behind the last is ignored. Errors of `read`, with the
/// offset in the compressed input: InvalidInput where it is cut, wrong, or followed by
/// something else; LimitExceeded.
std::unique_ptr<Source> gunzip(std::unique_ptr<Source> compressed, const Limits& limits = {});

/// The same for Zstandard frames (RFC 8878); windows over 128 MiB are LimitExceeded.
std::unique_ptr<Source> unzstd(std::unique_ptr<Source> compressed, const Limits& limits = {});

}  // namespace larmor::archive
