#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"

namespace larmor::http {

/// The boundary of a multipart/* content type. Errors: InvalidInput when it is no multipart
/// type or the boundary is missing, empty, longer than 70 characters or has a character that
/// RFC 2046 section 5.1.1 forbids.
Result<std::string> boundary_of(std::string_view content_type);

struct MultipartLimits {
    std::size_t parts_max = 100'000;
    std::size_t part_head_bytes_max = 8 * 1024;
    std::size_t part_headers_max = 32;
    std::uint64_t preamble_bytes_max = 4 * 1024;
};

struct MultipartPart {
    Headers headers;
    Bytes data;                ///< within the body
    std::uint64_t offset = 0;  ///< of the data, from the start of the body
};

/// The parts of a body in memory; copies no data. Source: RFC 2046 section 5.1; a form
/// (RFC 7578) is read the same way. Takes lines that end in a bare LF around boundaries and in
/// part heads, which some clients write, only when the first boundary line ends so.
/// Errors: InvalidInput with the offset (no boundary, broken part head, no closing boundary),
/// LimitExceeded.
Result<std::vector<MultipartPart>> parse_multipart(Bytes body, std::string_view boundary,
                                                   const MultipartLimits& limits = {});

/// The same, piece by piece, from a body that is not in memory: holds 64 KiB at a time.
///
///     MultipartReader reader(*request.body_stream, boundary);
///     while (true) {
///         CO_TRY(auto part, co_await reader.next_part());
///         if (!part) break;
///         while (true) {
///             CO_TRY(const Bytes piece, co_await reader.read());
///             if (piece.empty()) break;
///             sink.append(piece);
///         }
///     }
class MultipartReader {
public:
    /// `body` must outlive the reader.
    MultipartReader(BodyReader& body, std::string boundary, MultipartLimits limits = {},
                    std::size_t window_bytes = 64 * 1024);
    ~MultipartReader();
    MultipartReader(MultipartReader&&) noexcept;

    /// The head of the next part, nothing after the last; skips what is left of the one before.
    Task<Result<std::optional<Headers>>> next_part();
    /// The next piece of the current part's data, valid until the next call; empty at its end.
    Task<Result<Bytes>> read();
    /// Of the next byte that will be looked at, from the start of the body.
    std::uint64_t offset() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The parts of a multipart response, in order. `Content-Length` of parts is not written: the
/// standard's own examples have none, and clients find boundaries.
class MultipartWriter {
public:
    /// `subtype`: "related" (with the type parameter that RFC 2387 asks for) or "form-data".
    MultipartWriter(std::string subtype, std::string part_type);

    /// For the response's Content-Type.
    std::string content_type() const;
    /// What goes in front of a part's data: for generators.
    std::string part_head(const Headers& headers);
    /// What goes behind the last part.
    std::string closing() const;

    /// Appends a part: its head, then `data`.
    void add(std::vector<Part>& parts, const Headers& headers, Part data);
    void finish(std::vector<Part>& parts) const;

private:
    std::string subtype_;
    std::string part_type_;
    std::string boundary_;  ///< 32 random hexadecimal digits: not found in data by chance
    bool first_ = true;
};

/// A parameter of Content-Disposition (`name`, `filename`; RFC 7578, RFC 6266), unquoted.
std::optional<std::string> disposition_parameter(std::string_view value, std::string_view name);

}  // namespace larmor::http
