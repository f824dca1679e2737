#include "dicom/charset_iconv.h"

#include <iconv.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/result.h"

namespace larmor::dicom {
namespace {

constexpr auto kFailed = static_cast<std::size_t>(-1);

struct Converter {
    std::string_view to;
    std::string_view from;
    iconv_t handle = reinterpret_cast<iconv_t>(-1);

    Converter(const char* to_, const char* from_)
        : to(to_), from(from_), handle(::iconv_open(to_, from_)) {
        // The converters are part of the C library's package.
        LARMOR_CHECK(handle != reinterpret_cast<iconv_t>(-1));
    }
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;
    ~Converter() { ::iconv_close(handle); }
};

iconv_t converter(const char* to, const char* from) {
    static thread_local std::array<std::unique_ptr<Converter>, 4> open;
    for (auto& slot : open) {
        if (!slot) slot = std::make_unique<Converter>(to, from);
        if (slot->to == to && slot->from == from) {
            ::iconv(slot->handle, nullptr, nullptr, nullptr, nullptr);
            return slot->handle;
        }
    }
    LARMOR_CHECK(!"more codes than slots");
    return nullptr;
}

/// Converts as far as it goes; returns the bytes of `in` that are left.
std::size_t convert(iconv_t handle, std::string_view in, std::string& out) {
    char* from = const_cast<char*>(in.data());  // iconv's signature; it does not write there
    std::size_t left = in.size();
    while (left > 0) {
        std::array<char, 512> buffer;
        char* to = buffer.data();
        std::size_t room = buffer.size();
        const auto result = ::iconv(handle, &from, &left, &to, &room);
        out.append(buffer.data(), to);
        if (result == kFailed && errno != E2BIG) break;
    }
    return left;
}

}  // namespace

Decoding decode_by_iconv(const char* code, std::string_view value, std::string& out) {
    const iconv_t handle = converter("UTF-8", code);
    Decoding decoding = Decoding::Exact;
    while (!value.empty()) {
        value = value.substr(value.size() - convert(handle, value, out));
        if (value.empty()) break;
        out += "\xef\xbf\xbd";
        value.remove_prefix(1);
        decoding = Decoding::Repaired;
    }
    return decoding;
}

bool encode_by_iconv(const char* code, std::string_view text, std::string& out) {
    const std::size_t before = out.size();
    if (convert(converter(code, "UTF-8"), text, out) == 0) return true;
    out.resize(before);
    return false;
}

}  // namespace larmor::dicom
