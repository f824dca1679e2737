#include "dicom/json_out.h"

#include <algorithm>

namespace larmor::dicom {
void JsonOut::open(std::size_t size, std::size_t room) {
    // What the string has room for costs nothing more.
    out_.resize(std::max(size + room + kSlack, out_.capacity()));
    at = out_.data() + size;
    end_ = out_.data() + out_.size();
}

void JsonOut::grow(std::size_t count) {
    const auto used = static_cast<std::size_t>(at - out_.data());
    out_.resize(used);  // resize copies what it keeps: no more than was written
    open(used, std::max(count, used));
}

void JsonOut::replace(std::size_t from, std::string_view text) {
    at = out_.data() + begin_ + from;
    reserve(text.size());
    put(text);
}

void JsonOut::insert(std::size_t where, std::string_view text) {
    reserve(text.size());
    char* place = out_.data() + begin_ + where;
    std::memmove(place + text.size(), place, size() - where);
    std::memcpy(place, text.data(), text.size());
    at += text.size();
}

}  // namespace larmor::dicom
