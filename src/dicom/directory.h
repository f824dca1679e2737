#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dicom/file.h"

namespace larmor::dicom {

/// One directory record. `type` is one of PS3.3 table F.3-3, such as PATIENT.
struct DirectoryRecord {
    std::string_view type;
    /// `DICOM\S0000001\I0000001`; empty for records that name no file, as the next three.
    std::string_view referenced_file_id;
    std::string_view sop_class_uid;
    std::string_view sop_instance_uid;
    std::string_view transfer_syntax_uid;
    /// The keys of the record: data elements in Explicit VR Little Endian, ascending, behind
    /// group 0004.
    Bytes keys;
};

/// Writes a DICOMDIR: the Basic Directory of a File-set. Records come in the order of the tree,
/// parents before what is below them; offsets are those of the standard, from the first byte of
/// the file. Memory: the file.
/// Source: PS3.3 sections F.3 and F.5, PS3.10 section 8.
class DirectoryWriter {
public:
    explicit DirectoryWriter(std::string_view sop_instance_uid);

    /// `depth` 0 is a record of the root; at most one more than the record before. Errors:
    /// LimitExceeded where offsets would need more than 32 bits.
    Result<void> add(unsigned depth, const DirectoryRecord& record);
    /// The file. Once.
    ByteBuffer finish();

private:
    void patch(std::size_t at, std::size_t value);

    ByteBuffer file_;
    std::size_t root_first_at_ = 0;  ///< of the offsets in the file
    std::size_t root_last_at_ = 0;
    std::size_t sequence_at_ = 0;
    std::vector<std::size_t> path_;  ///< offset of the last record at each depth
};

/// What kind of directory record an instance gets: IMAGE, SR DOCUMENT and so on; IMAGE where
/// the standard says nothing of its SOP class. Source: PS3.3 section F.4, table F.4-1.
std::string_view directory_record_type(std::string_view sop_class_uid);

/// The keys of a record of this type, from the file that it names: Specific Character Set and
/// what PS3.3 section F.5 asks for. What the file does not have is left empty, not made up.
/// Errors: those of Reader.
Result<ByteBuffer> directory_record_keys(const File& file, std::string_view type);

}  // namespace larmor::dicom
