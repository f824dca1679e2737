#include "reassembly/fuse/member_name.h"

#include <array>
#include <charconv>

#include "base/ids.h"
#include "reassembly/fuse/member_pattern.h"

namespace larmor::reassembly::fuse {
namespace {

struct Extension {
    std::string_view name;
    MemberKind kind;
};
constexpr std::array kExtensions{
    Extension{"json", MemberKind::Metadata},  Extension{"json.gz", MemberKind::Metadata},
    Extension{"raw", MemberKind::Raw},        Extension{"bin", MemberKind::Raw},
    Extension{"jpg", MemberKind::Codestream}, Extension{"jpeg", MemberKind::Codestream},
    Extension{"jls", MemberKind::Codestream}, Extension{"jp2", MemberKind::Codestream},
    Extension{"j2k", MemberKind::Codestream}, Extension{"j2c", MemberKind::Codestream},
    Extension{"jpc", MemberKind::Codestream}, Extension{"jph", MemberKind::Codestream},
    Extension{"jhc", MemberKind::Codestream}, Extension{"rle", MemberKind::Rle},
    Extension{"png", MemberKind::Png},        Extension{"tif", MemberKind::Tiff},
    Extension{"tiff", MemberKind::Tiff},      Extension{"dcm", MemberKind::Dicom},
};

bool equal_letters(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
    });
}

/// The kind that an extension says, without its dot.
MemberKind kind_of(std::string_view extension) {
    for (const auto& known : kExtensions) {
        if (equal_letters(extension, known.name)) return known.kind;
    }
    return MemberKind::Unknown;
}

/// Takes a known extension off the name.
MemberKind take_extension(std::string_view& name) {
    for (const auto& known : kExtensions) {
        const auto size = known.name.size();
        if (name.size() > size + 1 && name[name.size() - size - 1] == '.' &&
            equal_letters(name.substr(name.size() - size), known.name)) {
            name.remove_suffix(size + 1);
            return known.kind;
        }
    }
    return MemberKind::Unknown;
}

std::optional<std::uint32_t> frame_number(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string_view last_part(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

std::optional<MemberName> read_plain(std::string_view path) {
    std::string_view name = last_part(path);
    const auto kind = take_extension(name);
    std::string_view folder;
    if (path.find('/') != std::string_view::npos) {
        folder = last_part(path.substr(0, path.rfind('/')));
    }
    const bool in_uid = is_uid_key_part(folder) && folder.find('.') != std::string_view::npos;
    if (const auto frame = frame_number(name); frame && in_uid) {
        return MemberName{std::string(folder), frame, kind};
    }
    if (const auto at = name.rfind('_'); at != std::string_view::npos) {
        const auto frame = frame_number(name.substr(at + 1));
        const auto uid = name.substr(0, at);
        if (!frame || !is_uid_key_part(uid)) return std::nullopt;
        return MemberName{std::string(uid), frame, kind};
    }
    if (!is_uid_key_part(name)) return std::nullopt;
    return MemberName{std::string(name), std::nullopt, kind};
}

}  // namespace

struct MemberNames::Pattern {
    MemberPattern expression;
};

MemberNames::MemberNames() = default;
MemberNames::~MemberNames() = default;
MemberNames::MemberNames(MemberNames&&) noexcept = default;
MemberNames& MemberNames::operator=(MemberNames&&) noexcept = default;

Result<MemberNames> MemberNames::with_pattern(std::string_view pattern) {
    TRY(auto expression, MemberPattern::compile(pattern));
    MemberNames names;
    names.pattern_ = std::make_shared<const Pattern>(Pattern{std::move(expression)});
    return names;
}

std::optional<MemberName> MemberNames::read(std::string_view path) const {
    constexpr std::size_t kPathMaxBytes = 4096;
    if (path.size() > kPathMaxBytes) return std::nullopt;
    if (!pattern_) return read_plain(path);
    const auto groups = pattern_->expression.match(path);
    if (!groups || !is_uid_key_part(groups->uid)) return std::nullopt;
    MemberName name{.sop_instance_uid = groups->uid, .frame = {}};
    if (!groups->frame.empty()) {
        name.frame = frame_number(groups->frame);
        if (!name.frame) return std::nullopt;
    }
    std::string_view file = last_part(path);
    name.kind = groups->extension ? kind_of(*groups->extension) : take_extension(file);
    return name;
}

}  // namespace larmor::reassembly::fuse
