#include "archive/tar_member.h"

#include <charconv>

namespace larmor::archive {
namespace {

/// Block types, POSIX.1-2017 `pax` and GNU tar `tar.h`.
enum Type : char {
    kHardLink = '1',
    kSymbolicLink = '2',
    kCharacterDevice = '3',
    kBlockDevice = '4',
    kDirectory = '5',
    kFifo = '6',
    kPaxGlobal = 'g',
    kGnuLongName = 'L',
    kGnuLongLink = 'K',
    kGnuSparse = 'S',
    kGnuDumpDirectory = 'D',
    kGnuContinued = 'M',
    kGnuVolume = 'V',
    kSolarisAcl = 'A',
};
constexpr std::string_view kExtraTypes = "xXgLK";

void apply(const TarRecords& records, TarHeader& header, Member& member) {
    for (const auto& [keyword, value] : records) {
        if (keyword == "path") {
            header.path = value;
        } else if (keyword == "linkpath") {
            header.link_path = value;
        } else if (keyword == "size") {
            std::uint64_t size = 0;
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), size);
            if (error != std::errc() || end != value.data() + value.size()) {
                member.problem = "its pax header gives a size that is no number";
            }
            header.size_bytes = size;
        }
    }
}

void apply_sparse(const TarRecords& records, TarHeader& header, TarMember& described) {
    auto sparse = read_pax_sparse(records);
    if (!sparse) {
        described.member.problem = sparse.error().message;
    } else if (*sparse) {
        if (!(*sparse)->path.empty()) header.path = (*sparse)->path;
        described.pax_sparse = std::move(**sparse);
    }
}

void describe_kind(const TarHeader& header, bool has_pax, TarMember& described) {
    auto& member = described.member;
    described.stored_bytes = header.size_bytes;
    switch (header.type) {
        case kHardLink:
            // Only pax puts the bytes behind a link; elsewhere its size is that of the target.
            if (has_pax && header.size_bytes > 0) return;
            described.link_path = header.link_path;
            [[fallthrough]];
        case kSymbolicLink:
            member.kind = MemberKind::Link;
            described.stored_bytes = 0;
            break;
        case kDirectory:
            member.kind = MemberKind::Directory;
            described.stored_bytes = 0;
            break;
        case kCharacterDevice:
        case kBlockDevice:
        case kFifo:
            member.kind = MemberKind::Other;
            described.stored_bytes = 0;
            break;
        case kGnuVolume:
        case kGnuDumpDirectory:
        case kSolarisAcl:
            member.kind = MemberKind::Other;
            break;
        case kGnuContinued:
            member.problem = "the rest of a file that starts on another volume";
            break;
        default:
            // V7 knew no type for a folder. Unknown types are files (POSIX.1-2017 `pax`).
            if (member.path.ends_with('/')) member.kind = MemberKind::Directory;
    }
}

}  // namespace

bool TarExtras::is_extra(char type) {
    return kExtraTypes.find(type) != std::string_view::npos;
}

bool TarExtras::take(const TarHeader& header, std::string_view content, std::uint64_t offset,
                     TarRecords& global) {
    if (header.type == kGnuLongName || header.type == kGnuLongLink) {
        auto& path = header.type == kGnuLongName ? long_name : long_link;
        path = content.substr(0, content.find('\0'));
        return false;
    }
    const bool is_global = header.type == kPaxGlobal;
    const auto good = read_pax_records(content, is_global ? global : pax.emplace());
    if (!good) {
        problem = good.error().message + " of the pax header at byte " + std::to_string(offset);
    }
    return is_global;
}

TarMember describe_tar_member(TarHeader header, Bytes block, const TarExtras& extras,
                              const TarRecords& global, const Limits& limits) {
    TarMember described;
    auto& member = described.member;
    member.problem = extras.problem;
    if (!extras.long_name.empty()) header.path = extras.long_name;
    if (!extras.long_link.empty()) header.link_path = extras.long_link;
    apply(global, header, member);
    if (extras.pax) {
        apply(*extras.pax, header, member);
        apply_sparse(*extras.pax, header, described);
    }
    if (header.type == kGnuSparse) {
        auto map = read_sparse_header(block);
        if (!map) member.problem = map.error().message;
        described.old_map = map ? std::move(*map) : OldGnuMap{};
    }
    member.path = header.path.substr(0, limits.path_max_bytes);
    if (member.path.size() < header.path.size()) {
        member.problem = "its path is longer than " + std::to_string(limits.path_max_bytes);
    }
    describe_kind(header, extras.pax.has_value(), described);
    if (!member.problem.empty()) member.kind = MemberKind::Unreadable;
    return described;
}

}  // namespace larmor::archive
