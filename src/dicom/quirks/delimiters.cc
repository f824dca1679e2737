// Shown by testdata/dicom/quirks/stray_delimiter.dcm and trailing_bytes.dcm.
#include <algorithm>

#include "dicom/quirks/repairs.h"

namespace larmor::dicom::quirks {

namespace {

constexpr std::size_t kItemHeaderSize = 8;

}  // namespace

bool mend_trailing_bytes(UnderRepair& it, const Failure& failure) {
    if (!failure.open.empty() || failure.offset == 0) return false;
    const auto rest = Bytes(it.data_set).subspan(failure.offset);
    const bool zeros = std::ranges::all_of(rest, [](std::byte b) { return b == std::byte{0}; });
    if (rest.size() >= kItemHeaderSize && !zeros) return false;
    it.data_set.resize(failure.offset);
    return true;
}

/// Item delimiters inside or behind items of defined length, sequence delimiters inside
/// sequences of defined length or behind the last data element.
bool mend_stray_delimiter(UnderRepair& it, const Failure& failure) {
    if (failure.end - failure.offset < kItemHeaderSize) return false;
    const std::byte* at = &it.data_set[failure.offset];
    const bool little = failure.encoding.order == ByteOrder::Little;
    const auto half = [&](std::size_t i) {
        return little ? load_little<std::uint16_t>(at + i) : load_big<std::uint16_t>(at + i);
    };
    const Tag tag(half(0), half(2));
    if (tag != kItemDelimitation && tag != kSequenceDelimitation) return false;
    if (load_little<std::uint32_t>(at + 4) != 0) return false;
    // One that ends an outer thing is a missing delimiter, not a stray one.
    const bool ends_outer = std::ranges::any_of(failure.open, [&](const Token& start) {
        const TokenKind ended =
            tag == kItemDelimitation ? TokenKind::ItemStart : TokenKind::SequenceStart;
        return start.kind == ended && start.length == kUndefinedLength;
    });
    if (ends_outer) return false;
    change_lengths(it.data_set, failure, -static_cast<std::int64_t>(kItemHeaderSize));
    const auto begin = it.data_set.begin() + static_cast<std::ptrdiff_t>(failure.offset);
    it.data_set.erase(begin, begin + kItemHeaderSize);
    return true;
}

}  // namespace larmor::dicom::quirks
