#include "queue/receipt.h"

#include <array>
#include <charconv>

namespace larmor::queue {
namespace {

constexpr int kBase = 16;

/// The number that fills `text`; 0 where there is none.
std::int64_t number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, kBase);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? number : 0;
}

}  // namespace

std::string to_handle(const Receipt& receipt) {
    std::array<char, 2 * 16 + 1> text{};
    char* at =
        std::to_chars(text.data(), text.data() + text.size(), to_int64(receipt.id), kBase).ptr;
    *at++ = '-';
    at = std::to_chars(at, text.data() + text.size(), receipt.delivery, kBase).ptr;
    return {text.data(), at};
}

Result<Receipt> parse_handle(std::string_view handle) {
    const auto hyphen = handle.find('-');
    if (hyphen != std::string_view::npos) {
        const Receipt receipt{MessageId(number_of(handle.substr(0, hyphen))),
                              number_of(handle.substr(hyphen + 1))};
        if (to_int64(receipt.id) > 0 && receipt.delivery > 0) return receipt;
    }
    return fail(ErrorCode::InvalidInput, "this is no receipt handle");
}

}  // namespace larmor::queue
