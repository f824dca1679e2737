#pragma once
#include <string_view>

#include "base/bytes.h"

namespace larmor::reassembly::fuse {

/// Preamble, "DICM" and file meta information of a fused file. Its constants are those of the
/// form of these files, never of the build, so that a run of years ago can be repeated byte for
/// byte. Source: PS3.10 section 7.1.
void write_file_head(std::string_view sop_class_uid, std::string_view sop_instance_uid,
                     std::string_view transfer_syntax_uid, ByteBuffer& out);

}  // namespace larmor::reassembly::fuse
