// Shown by MR_truncated.dcm, rtplan_truncated.dcm and DICOMDIR-nooffset: everything up to the
// cut is kept. Lengths are changed in place: what was open with undefined length gets the
// length of what is there, so nothing moves.
#include "dicom/byte_order.h"
#include "dicom/quirks/repairs.h"

namespace larmor::dicom::quirks {

namespace {

constexpr std::size_t kItemHeaderSize = 8;

/// The innermost open thing ends with the data set.
bool end_open(UnderRepair& it, const Failure& failure) {
    if (failure.open.empty()) return false;
    const Token& start = failure.open.back();
    if (start.kind != TokenKind::FragmentsStart) {
        const auto length = static_cast<std::uint32_t>(it.data_set.size() - start.value_offset);
        store_length(it.data_set, start.value_offset, failure.encoding, length);
        return true;
    }
    if (failure.open.size() > 1) {
        it.data_set.resize(start.offset);  // of an icon: half of it is worth nothing
        return true;
    }
    const std::size_t end = it.data_set.size();
    it.data_set.resize(end + kItemHeaderSize);
    const auto put = failure.encoding.order == ByteOrder::Little ? store_little<std::uint16_t>
                                                                 : store_big<std::uint16_t>;
    put(&it.data_set[end], kSequenceDelimitation.group);
    put(&it.data_set[end + 2], kSequenceDelimitation.element);
    return true;
}

}  // namespace

bool mend_truncated(UnderRepair& it, const Failure& failure) {
    const std::size_t size = it.data_set.size();
    if (failure.end != size || failure.offset == 0) return false;
    const std::size_t left = size - failure.offset;
    if (left == 0) return end_open(it, failure);

    // A header that is cut, or a value that is too long for what is left.
    std::byte* at = &it.data_set[failure.offset];
    std::size_t header_size = kItemHeaderSize;
    if (left >= header_size) {
        const bool in_item = load<std::uint16_t>(at, failure.encoding.order) == kItem.group;
        const bool is_explicit = failure.encoding.vr == VrForm::Explicit && !in_item;
        const auto vr = static_cast<Vr>(load_little<std::uint16_t>(at + 4));
        if (is_explicit && !is_vr_letters(vr)) return false;
        if (is_explicit && !has_long_length(vr)) {
            const auto length = load<std::uint16_t>(at + 6, failure.encoding.order);
            if (length <= left - header_size) return false;
            const auto there = static_cast<std::uint16_t>(left - header_size);
            failure.encoding.order == ByteOrder::Little ? store_little(at + 6, there)
                                                        : store_big(at + 6, there);
            return true;
        }
        if (is_explicit) header_size = 12;
    }
    if (left < header_size) {
        it.data_set.resize(failure.offset);
        return true;
    }
    const auto length = load<std::uint32_t>(at + header_size - 4, failure.encoding.order);
    if (length == kUndefinedLength || length <= left - header_size) return false;
    store_length(it.data_set, failure.offset + header_size, failure.encoding,
                 static_cast<std::uint32_t>(left - header_size));
    return true;
}

}  // namespace larmor::dicom::quirks
