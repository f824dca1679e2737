// Shown by testdata/dicom/quirks/implicit_element.dcm: a tool that adds data elements without
// VR to a data set in Explicit VR Little Endian. pydicom reads those too.
#include <array>

#include "dicom/dictionary.h"
#include "dicom/quirks/repairs.h"

namespace larmor::dicom::quirks {

bool mend_implicit_element(UnderRepair& it, const Failure& failure) {
    constexpr std::size_t kHeaderSize = 8;
    const std::size_t left = failure.end - failure.offset;
    if (failure.encoding != kExplicitLittle || left < kHeaderSize) return false;
    std::byte* at = &it.data_set[failure.offset];
    const Tag tag(load_little<std::uint16_t>(at), load_little<std::uint16_t>(at + 2));
    if (is_vr_letters(static_cast<Vr>(load_little<std::uint16_t>(at + 4)))) return false;
    if (tag.group == kItem.group || (!tag.is_private() && !find_entry(tag))) return false;
    const auto length = load_little<std::uint32_t>(at + 4);
    if (length != kUndefinedLength && length > left - kHeaderSize) return false;

    // The items of an undefined length are implicit too: that is what UN says.
    const Vr vr = length == kUndefinedLength ? vr::UN : vr_of(tag);
    const auto letters = static_cast<std::uint16_t>(vr == vr::SQ ? vr::UN : vr);
    if (!has_long_length(vr) && length <= 0xffff) {
        store_little(at + 4, letters);
        store_little(at + 6, static_cast<std::uint16_t>(length));
        return true;
    }
    std::array<std::byte, 4> inserted{};
    store_little(inserted.data(),
                 has_long_length(vr) ? letters : static_cast<std::uint16_t>(vr::UN));
    change_lengths(it.data_set, failure, inserted.size());
    it.data_set.insert(it.data_set.begin() + static_cast<std::ptrdiff_t>(failure.offset + 4),
                       inserted.begin(), inserted.end());
    return true;
}

}  // namespace larmor::dicom::quirks
