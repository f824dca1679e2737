#include "dicom/json_read_buffer.h"

#include <algorithm>
#include <vector>

namespace larmor::dicom {

void JsonReadBuffer::put_open_header(Tag tag, Vr vr) {
    put_header(tag, vr, 0);
    store_little(bytes_.data() + bytes_.size() - 4, kUndefinedLength);
}

bool JsonReadBuffer::patch_length(std::size_t begin) {
    const std::size_t length = bytes_.size() - begin;
    if (length > kLongLengthMax) return false;
    store_little(bytes_.data() + begin - 4, static_cast<std::uint32_t>(length));
    return true;
}

std::optional<Tag> JsonReadBuffer::sort(std::span<const Member> members) {
    struct Part {
        Tag tag;
        std::size_t begin, end;
    };
    std::vector<Part> parts;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const bool last = i + 1 == members.size();
        parts.push_back(
            {members[i].tag, members[i].begin, last ? bytes_.size() : members[i + 1].begin});
    }
    const std::size_t begin = parts.front().begin;
    std::ranges::sort(parts, {}, &Part::tag);
    ByteBuffer sorted;
    sorted.reserve(bytes_.size() - begin);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0 && parts[i].tag == parts[i - 1].tag) return parts[i].tag;
        const Bytes part = Bytes(bytes_).subspan(parts[i].begin, parts[i].end - parts[i].begin);
        sorted.insert(sorted.end(), part.begin(), part.end());
    }
    std::ranges::copy(sorted, bytes_.begin() + static_cast<std::ptrdiff_t>(begin));
    return std::nullopt;
}

}  // namespace larmor::dicom
