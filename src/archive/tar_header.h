#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "archive/archive.h"

namespace larmor::archive {

inline constexpr std::size_t kTarBlockBytes = 512;

/// The fields of a header block that we use.
struct TarHeader {
    std::string path;
    std::string link_path;  ///< what a link leads to
    std::uint64_t size_bytes = 0;
    char type = '0';
};

/// Reads a block whose checksum is right. Errors: InvalidInput for a size that is no number or
/// does not fit in 63 bits; `offset` is the block's, for the message.
Result<TarHeader> read_tar_header(Bytes block, std::uint64_t offset);

/// Whether the name fills its field, as that of a longer path does which stands elsewhere.
bool has_full_name(Bytes block);

/// A numeric field: octal digits between blanks and NUL, or base-256 with the top bit of the
/// first byte set (GNU). Nothing for anything else, for a negative one and past 63 bits.
std::optional<std::uint64_t> read_tar_number(Bytes field);

/// The records of a pax extended header: `<length> <keyword>=<value>\n`, a later one replaces
/// an earlier one, an empty value removes it (POSIX.1-2017 `pax`). The offsets and lengths that
/// GNU tar repeats for each region of a sparse file (version 0.0) become the one list of
/// version 0.1, `GNU.sparse.map`.
/// Errors: InvalidInput with the offset in `text` where a record lies about its length.
Result<void> read_pax_records(std::string_view text, std::map<std::string, std::string>& into);

}  // namespace larmor::archive
