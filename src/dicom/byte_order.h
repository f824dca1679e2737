#pragma once
#include <concepts>

#include "base/bytes.h"
#include "dicom/transfer_syntax.h"

namespace larmor::dicom {

/// Reads an integer of a value at `from`, which must have sizeof(T) bytes; any alignment.
template <std::integral T>
T load(const std::byte* from, ByteOrder order) {
    return order == ByteOrder::Little ? load_little<T>(from) : load_big<T>(from);
}

}  // namespace larmor::dicom
