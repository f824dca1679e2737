#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "dicom/reader.h"
#include "dicom/tag.h"
#include "dicom/vr.h"

namespace larmor::dicom {

/// Data elements in Explicit VR Little Endian as they are made from JSON: lengths become known
/// behind their values, and members of an object may stand in any order.
class JsonReadBuffer {
public:
    static constexpr std::size_t kLongLengthMax = 0xfffffffe;

    /// Where the data element of one tag lies.
    struct Member {
        Tag tag;
        std::size_t begin = 0;
    };

    std::size_t size() const { return bytes_.size(); }
    void cut(std::size_t size) { bytes_.resize(size); }
    void append(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    ByteBuffer take() { return std::move(bytes_); }

    /// With VR 0 the header of an item or a delimiter. A value too long for its VR becomes UN.
    void put_header(Tag tag, Vr vr, std::size_t length);
    /// A header of undefined length.
    void put_open_header(Tag tag, Vr vr);
    /// The length in front of `begin` becomes what has been written since; false over
    /// kLongLengthMax.
    bool patch_length(std::size_t begin);
    /// Puts the last data elements, which `members` says in the order of writing, into the
    /// order of their tags. Gives a tag that is there twice; the order is open then.
    std::optional<Tag> sort(std::span<const Member> members);

private:
    ByteBuffer bytes_;
};

// For every data element: in the header, where its callers can have it inline.
inline void JsonReadBuffer::put_header(Tag tag, Vr vr, std::size_t length) {
    constexpr std::size_t kShortLengthMax = 0xfffe;
    if (vr != Vr{} && !has_long_length(vr) && length > kShortLengthMax) vr = vr::UN;
    std::array<std::byte, 12> header{};
    store_little(header.data(), tag.group);
    store_little(header.data() + 2, tag.element);
    std::size_t size = 8;
    if (vr == Vr{}) {
        store_little(header.data() + 4, static_cast<std::uint32_t>(length));
    } else {
        store_little(header.data() + 4, static_cast<std::uint16_t>(vr));
        if (has_long_length(vr)) {
            store_little(header.data() + 8, static_cast<std::uint32_t>(length));
            size = 12;
        } else {
            store_little(header.data() + 6, static_cast<std::uint16_t>(length));
        }
    }
    append(Bytes(header).first(size));
}

}  // namespace larmor::dicom
