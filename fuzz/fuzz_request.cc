// Any bytes as the head of a request and as chunks: the same outcome however they arrive.
#include <cstdint>

#include "http/request_head.h"

using namespace larmor;
using namespace larmor::http;

namespace {

void check_head(std::string_view text, std::size_t step) {
    const Limits limits{.header_count_max = 8, .head_bytes_max = 256, .target_bytes_max = 64};
    std::size_t searched = 0;
    const auto whole = parse_request_head(text, limits, searched);
    searched = 0;
    for (std::size_t cut = 0; cut < text.size(); cut += step) {
        const auto outcome = parse_request_head(text.substr(0, cut), limits, searched);
        if (std::holds_alternative<HeadIncomplete>(outcome)) continue;
        // Settled before its end came: then more bytes change nothing but the reason.
        LARMOR_CHECK(outcome.index() == whole.index());
        break;
    }
    const auto* complete = std::get_if<HeadComplete>(&whole);
    if (!complete) return;
    LARMOR_CHECK(complete->size_bytes <= text.size());
    LARMOR_CHECK(text.substr(0, complete->size_bytes).ends_with("\r\n\r\n"));
    LARMOR_CHECK(!complete->head.chunked || !complete->head.content_length);
    LARMOR_CHECK(complete->head.path == "*" || complete->head.path.starts_with('/'));
    for (const auto& header : complete->head.headers) {
        LARMOR_CHECK(header.value.find_first_of(std::string_view("\0\r\n", 3)) ==
                     std::string::npos);
    }
}

struct Unframed {
    std::string data;
    bool done = false;
    bool failed = false;
};
Unframed unframe(std::string_view text, std::size_t step) {
    Unframed result;
    ChunkedDecoder decoder;
    std::string buffer;
    while (true) {
        const auto outcome = decoder.next(buffer);
        if (!outcome) {
            result.failed = true;
            return result;
        }
        LARMOR_CHECK(outcome->consumed + outcome->data <= buffer.size());
        result.data += buffer.substr(outcome->consumed, outcome->data);
        buffer.erase(0, outcome->consumed + outcome->data);
        if (decoder.done()) {
            result.done = true;
            return result;
        }
        if (outcome->data > 0) continue;
        if (text.empty()) return result;
        buffer += text.substr(0, step);
        text.remove_prefix(std::min(step, text.size()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t step = data[0] % 16 + 1U;
    check_head(text, step);
    const auto whole = unframe(text, text.size() + 1);
    const auto pieces = unframe(text, step);
    LARMOR_CHECK(whole.done == pieces.done && whole.failed == pieces.failed);
    LARMOR_CHECK(whole.failed || whole.data == pieces.data);
    return 0;
}
