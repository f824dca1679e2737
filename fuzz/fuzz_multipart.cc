// Any bytes as a multipart body: in memory and piece by piece must agree, and data stays
// inside.
#include <cstdint>

#include "async/sync_wait.h"
#include "http/multipart.h"

namespace larmor::http {
namespace {

using Parts = std::vector<std::string>;

Task<Result<Parts>> read_stream(BodyReader& body, MultipartLimits limits) {
    MultipartReader reader(body, "b", limits, 0);
    Parts parts;
    while (true) {
        CO_TRY(const auto part, co_await reader.next_part());
        if (!part) co_return parts;
        parts.emplace_back();
        while (true) {
            CO_TRY(const Bytes piece, co_await reader.read());
            if (piece.empty()) break;
            parts.back() += as_text(piece);
        }
    }
}

void check(Bytes body, std::size_t piece) {
    const MultipartLimits limits{.parts_max = 20,
                                 .part_head_bytes_max = 100,
                                 .part_headers_max = 4,
                                 .preamble_bytes_max = 50};
    const auto whole = parse_multipart(body, "b", limits);
    MemoryBodyReader reader(body, piece);
    const auto streamed = async::sync_wait(read_stream(reader, limits));
    LARMOR_CHECK(whole.has_value() == streamed.has_value());
    if (!whole) return;
    LARMOR_CHECK(whole->size() == streamed->size());
    for (std::size_t i = 0; i < whole->size(); ++i) {
        const auto& part = (*whole)[i];
        LARMOR_CHECK(part.offset + part.data.size() <= body.size());
        LARMOR_CHECK(as_text(part.data) == (*streamed)[i]);
    }
}

}  // namespace
}  // namespace larmor::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const auto body = std::as_bytes(std::span(data, size)).subspan(1);
    larmor::http::check(body, data[0] % 32 + 1U);
    return 0;
}
