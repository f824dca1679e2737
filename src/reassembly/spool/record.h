#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace larmor::reassembly::spool {

/// What the build side keeps of one instance. Views.
struct Record {
    std::string_view uid;  ///< SOP Instance UID: what is compared before anything is paired
    std::uint32_t archive = 0;  ///< its place among the archives, ordered by key
    std::uint64_t offset = 0;   ///< of its member there, in bytes
    Bytes data_set;             ///< encoded, without pixels
};

/// The form in which it is compressed: docs/formats/spool.md. Errors: InvalidInput for a UID
/// of more than 255 bytes.
Result<void> encode_record(const Record& record, ByteBuffer& out);
/// Views of `bytes`. Errors: Corrupt.
Result<Record> decode_record(Bytes bytes);

}  // namespace larmor::reassembly::spool
