#pragma once
#include <map>
#include <optional>
#include <string>

#include "archive/archive.h"
#include "archive/sparse_file.h"
#include "archive/tar_header.h"

namespace larmor::archive {

using TarRecords = std::map<std::string, std::string>;  ///< of pax

/// What the blocks before a member's own header said about it.
struct TarExtras {
    std::optional<TarRecords> pax;
    std::string long_name;
    std::string long_link;
    std::string problem;  ///< with them: then the member cannot be trusted

    /// Whether a type is that of a block that says something about the next member, or all.
    static bool is_extra(char type);
    /// Takes in the content of one; global records go to `global`, and true is returned.
    bool take(const TarHeader& header, std::string_view content, std::uint64_t offset,
              TarRecords& global);
};

/// A member as its headers describe it.
struct TarMember {
    Member member;
    std::uint64_t stored_bytes = 0;
    std::string link_path;             ///< of a hard link
    std::optional<OldGnuMap> old_map;  ///< whose first part is in the header
    std::optional<PaxSparse> pax_sparse;
};

/// `block`: the header's, of which `header` was read.
TarMember describe_tar_member(TarHeader header, Bytes block, const TarExtras& extras,
                              const TarRecords& global, const Limits& limits);

}  // namespace larmor::archive
