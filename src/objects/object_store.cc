#include "objects/object_store.h"

#include <algorithm>

namespace larmor::objects {
namespace {

bool is_key_part(std::string_view part) {
    return !part.empty() && part.size() <= 128 && part != "." && part != ".." &&
           std::ranges::all_of(part, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
           });
}

Result<void> check_size(const ObjectLocation& location, std::uint64_t size_max_bytes) {
    if (location.size_bytes <= size_max_bytes) return {};
    return fail(ErrorCode::LimitExceeded,
                "the object has " + std::to_string(location.size_bytes) +
                    " bytes, the limit is " + std::to_string(size_max_bytes));
}

}  // namespace

std::string place_of(const ObjectLocation& location) {
    return location.segment != 0 ? "segment " + std::to_string(location.segment) + " at byte " +
                                       std::to_string(location.record_offset)
                                 : "object file " + location.key;
}

bool is_object_key(std::string_view key) {
    if (key.size() > 512 || std::ranges::count(key, '/') > 7) return false;
    for (;;) {
        const auto slash = key.find('/');
        if (!is_key_part(key.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        key.remove_prefix(slash + 1);
    }
}

Result<ByteBuffer> ObjectStore::read_all(const ObjectLocation& location,
                                         std::uint64_t size_max_bytes) {
    TRY_VOID(check_size(location, size_max_bytes));
    ByteBuffer bytes(location.size_bytes);
    TRY_VOID(read(location, 0, bytes));
    return bytes;
}

Result<void> ObjectStore::append_to(std::string& text, const ObjectLocation& location,
                                    std::uint64_t size_max_bytes) {
    TRY_VOID(check_size(location, size_max_bytes));
    const std::size_t begin = text.size();
    text.resize(begin + location.size_bytes);
    return read(location, 0, std::as_writable_bytes(std::span(text).subspan(begin)));
}

Result<ByteBuffer> ObjectStore::read_all(ObjectId id, std::uint64_t size_max_bytes) {
    TRY(const ObjectLocation location, locate(id));
    return read_all(location, size_max_bytes);
}

}  // namespace larmor::objects
