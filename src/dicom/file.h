#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dicom/reader.h"

namespace larmor::dicom {

struct FileOptions {
    /// A deflated data set may not grow beyond this many bytes, nor beyond 1,100 times its
    /// size.
    std::uint64_t inflated_max_bytes = 1ULL << 32;
};

/// A DICOM file (PS3.10) or a bare data set, opened over bytes that the caller keeps alive.
/// Reads files without preamble, without file meta information, and with a meta group that
/// lacks its length or its transfer syntax: then the encoding is found by looking at the first
/// data elements.
struct File {
    Bytes bytes;  ///< the whole input
    bool has_preamble = false;
    Bytes meta;              ///< group 0002, in `meta_encoding`; empty where there is none
    Encoding meta_encoding;  ///< Explicit VR Little Endian, but for a few broken files
    std::string
        transfer_syntax_uid;  ///< as declared, without padding; guessed where not declared
    const TransferSyntax* transfer_syntax = nullptr;  ///< nullptr for an unknown UID
    Encoding encoding;
    std::size_t data_set_offset =
        0;           ///< in `bytes`; of the deflated stream where it is deflated
    Bytes data_set;  ///< in `bytes`, or in `inflated`
    std::shared_ptr<const ByteBuffer> inflated;
};

/// Errors: InvalidInput with the offset where it is no DICOM at all or the meta group is cut;
/// LimitExceeded where the inflated data set would be too large.
/// Source: PS3.10 section 7.1, PS3.5 section A.5.
Result<File> open_file(Bytes bytes, const FileOptions& options = {});

}  // namespace larmor::dicom
