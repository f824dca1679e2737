#include "archive/tar_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "archive/tar_header.h"
#include "base/result.h"

namespace larmor::archive {
namespace {

constexpr std::size_t kNameBytes = 100, kPrefixBytes = 155;
constexpr std::uint64_t kUstarSizeMax = (1ULL << 33) - 1;  // eleven octal digits

/// Where ustar parts a path: the name behind a slash, the prefix before it.
struct UstarPath {
    std::string_view prefix;
    std::string_view name;
};
std::optional<UstarPath> ustar_path(std::string_view path) {
    const bool is_ascii =
        std::ranges::all_of(path, [](char c) { return static_cast<signed char>(c) > 0; });
    if (!is_ascii) return std::nullopt;
    if (path.size() <= kNameBytes) return UstarPath{{}, path};
    // The first slash that leaves a short enough name leaves the shortest prefix.
    const auto slash = path.find('/', path.size() - kNameBytes - 1);
    if (slash == std::string_view::npos || slash == 0 || slash > kPrefixBytes ||
        slash + 1 == path.size()) {
        return std::nullopt;
    }
    return UstarPath{path.substr(0, slash), path.substr(slash + 1)};
}

std::string header_block(const UstarPath& path, std::uint64_t size_bytes, char type) {
    std::string block(kTarBlockBytes, '\0');
    const auto put = [&](std::size_t at, std::string_view text) {
        block.replace(at, text.size(), text);
    };
    const auto put_octal = [&](std::size_t at, int digits, unsigned long long value) {
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), "%0*llo", digits, value);
        put(at, text.data());
    };
    put(0, path.name);
    put_octal(100, 7, 0644);
    put_octal(108, 7, 0);
    put_octal(116, 7, 0);
    put_octal(124, 11, size_bytes);
    put_octal(136, 11, 0);
    put(148, "        ");
    block[156] = type;
    put(257, std::string_view("ustar\00000", 8));
    put(345, path.prefix);
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    put_octal(148, 6, sum);
    block[154] = '\0';
    return block;
}

/// `<length> <keyword>=<value>\n`, in whose length its own digits count.
std::string pax_record(std::string_view keyword, std::string_view value) {
    const std::size_t rest = keyword.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) ++length;
    return std::to_string(length) + ' ' + std::string(keyword) + '=' + std::string(value) +
           '\n';
}

}  // namespace

std::string tar_padding(std::uint64_t size_bytes) {
    return std::string((kTarBlockBytes - size_bytes % kTarBlockBytes) % kTarBlockBytes, '\0');
}

std::string tar_end() {
    return std::string(2 * kTarBlockBytes, '\0');
}

std::string tar_member_head(std::string_view path, std::uint64_t size_bytes) {
    LARMOR_CHECK(!path.empty() && path.front() != '/' &&
                 path.find('\0') == std::string_view::npos);
    const auto fitting = ustar_path(path);
    std::string records;
    if (!fitting) records += pax_record("path", path);
    if (size_bytes > kUstarSizeMax) records += pax_record("size", std::to_string(size_bytes));
    std::string out;
    if (!records.empty()) {
        out += header_block({{}, "PaxHeaders/member"}, records.size(), 'x');
        out += records + tar_padding(records.size());
    }
    // Who reads no pax header at least sees the end of the name.
    const auto known = fitting.value_or(
        UstarPath{{}, path.substr(path.size() - std::min(path.size(), kNameBytes))});
    return out + header_block(known, std::min(size_bytes, kUstarSizeMax), '0');
}

}  // namespace larmor::archive
