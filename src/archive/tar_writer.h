#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace larmor::archive {

/// What stands around the bytes of a file in a tar: the caller writes `tar_member_head`, the
/// bytes, `tar_padding`, and behind the last member `tar_end`. ustar; a pax header comes first
/// where the path is longer than ustar can hold or not ASCII, or the file has 8 GiB and more.
/// The same file gives the same bytes: mode 0644, owner 0, time 0.
/// `path` must be relative, without NUL, and at most 32 KiB. Source: POSIX.1-2017 `pax`.
std::string tar_member_head(std::string_view path, std::uint64_t size_bytes);
std::string tar_padding(std::uint64_t size_bytes);
std::string tar_end();

}  // namespace larmor::archive
