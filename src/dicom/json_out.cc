#include "dicom/json_out.h"

#include <algorithm>

namespace larmor::dicom {

void JsonOut::open(std::size_t size, std::size_t room) {
    // Not all that the string has room for: resize fills what it adds with zeros.
    out_.resize(size + room + kSlack);
    at = out_.data() + size;
    end_ = out_.data() + out_.size();
}

void JsonOut::grow(std::size_t count) {
    const auto used = static_cast<std::size_t>(at - out_.data());
    open(used, std::max(count, used));
}

void JsonOut::replace(std::size_t from, std::string_view text) {
    at = out_.data() + begin_ + from;
    reserve(text.size());
    put(text);
}

}  // namespace larmor::dicom
