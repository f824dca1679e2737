#pragma once
#include <string>
#include <string_view>

#include "http/message.h"

namespace larmor::http {

/// RFC 1952, by libdeflate; `level` 1 (fast) to 12.
std::string gzip(std::string_view text, int level = 6);

/// True for types that shrink: text/*, JSON, XML, JavaScript, SVG, and those ending in +json,
/// +xml.
bool is_compressible(std::string_view content_type);

/// Compresses a text response in memory when the client takes gzip; adds Vary and makes an ETag
/// of its own (`"x"` becomes `"x-gzip"`). Leaves alone: bodies under `size_min` or over
/// `size_max` bytes, files, generators, what has a Content-Encoding or Content-Range, and types
/// that do not shrink. Runs where it is called: about 100 MB/s, so bodies over a few hundred KB
/// belong on the worker pool. Call it before with_conditions.
Response compress_if_accepted(const Headers& request_headers, Response response,
                              std::uint64_t size_min = 1024,
                              std::uint64_t size_max = 4 * 1024 * 1024);

}  // namespace larmor::http
