#pragma once
// What the repairs in this folder share; callers want quirks.h.
#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "dicom/reader.h"

namespace larmor::dicom::quirks {

/// Where and in the middle of what Reader stopped.
struct Failure {
    std::size_t offset = 0;  ///< of the token that it refused
    Encoding encoding;       ///< there
    std::size_t end = 0;  ///< of the innermost open thing of defined length, or of the data set
    std::vector<Token>
        open;  ///< SequenceStart, ItemStart, FragmentsStart without their end yet
};

/// A data set under repair. Each repair answers whether it changed something, and makes
/// the data set shorter or the failure later, so that repeating them ends.
struct UnderRepair {
    ByteBuffer data_set;
    Encoding encoding;
};

bool mend_wrong_encoding(UnderRepair& it, const Failure& failure);
bool mend_trailing_bytes(UnderRepair& it, const Failure& failure);
bool mend_stray_delimiter(UnderRepair& it, const Failure& failure);
bool mend_explicit_items_in_un(UnderRepair& it, const Failure& failure);
bool mend_implicit_element(UnderRepair& it, const Failure& failure);
bool mend_truncated(UnderRepair& it, const Failure& failure);

/// Writes the 32-bit length of the header that ends at `value_offset`.
void store_length(ByteBuffer& data_set, std::size_t value_offset, Encoding encoding,
                  std::uint32_t length);
/// Adds `change` to the length of every open thing of defined length.
void change_lengths(ByteBuffer& data_set, const Failure& failure, std::int64_t change);

}  // namespace larmor::dicom::quirks
