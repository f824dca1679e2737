#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dicom/file.h"
#include "dicom/reader.h"

namespace larmor::dicom {

/// How the ends of sequences and items are written.
enum class LengthForm : std::uint8_t { Undefined, Defined };

/// Appends data elements to one growing buffer, in Explicit or Implicit VR Little Endian.
/// Values are given as stored in Little Endian; an odd one is padded to even length (NUL for
/// UI, OB, UN; blank for text). Balanced calls are the caller's duty: an end without its start,
/// or a length that does not fit, is a broken invariant (LARMOR_CHECK).
/// Source: PS3.5 sections 7.1, 7.5 and A.4.
class Writer {
public:
    /// Errors: none, but `target` must be Little Endian.
    explicit Writer(Encoding target = kExplicitLittle);
    /// Appends to what `buffer` already holds.
    Writer(ByteBuffer buffer, Encoding target);

    /// A VR with a 16-bit length field whose value is longer is written as UN (PS3.5 section
    /// 6.2.2 note 5).
    void element(Tag tag, Vr vr, Bytes value);
    void text(Tag tag, Vr vr, std::string_view value);
    /// Values of US, UL, SS, SL, FL, FD, UV, SV, AT (group first).
    void number(Tag tag, Vr vr, std::uint64_t value);

    void start_sequence(Tag tag, LengthForm form = LengthForm::Undefined);
    void start_item(LengthForm form = LengthForm::Undefined);
    void end_item();
    void end_sequence();

    /// Encapsulated Pixel Data: the first fragment is the Basic Offset Table, empty or not.
    void start_fragments(Tag tag, Vr vr);
    void fragment(Bytes value);
    void end_fragments();

    /// For values that do not fit into memory: the header of a data element whose `length`
    /// bytes the caller puts behind everything that was written so far, or of a fragment. Take
    /// the buffer, write it, write the value, then go on with an empty buffer. `length` must be
    /// even. Not inside a sequence or item of defined length.
    void header(Tag tag, Vr vr, std::uint32_t length);
    void fragment_header(std::uint32_t length);

    /// What has been written; the writer goes on with an empty buffer.
    ByteBuffer take();
    const ByteBuffer& buffer() const { return out_; }

private:
    friend class Rewriter;
    struct Open {
        std::size_t length_at = 0;  ///< of the length to patch; where the form is Defined
        LengthForm form = LengthForm::Undefined;
    };
    void put_header(Tag tag, Vr vr, std::uint32_t length, std::uint16_t reserved = 0);
    void put_item_header(Tag tag, std::uint32_t length);
    void open(LengthForm form);
    void close(Tag delimiter);

    Encoding target_;
    ByteBuffer out_;
    std::vector<Open> open_;
};

enum class Preserve : bool { No, Yes };

/// Copies `data_set` in another encoding into `out`.
/// Preserve::Yes keeps length forms, group lengths, odd lengths and unknown VRs: for the same
/// encoding the result equals the input byte for byte. Group lengths are left out where the
/// encoding changes (PS3.5 section 7.2 makes them optional).
/// Preserve::No writes sequences and items with undefined length, pads odd values, and leaves
/// group lengths out: two data sets that differ in form only become equal bytes.
/// Big Endian values are swapped by their VR. UN stays UN; a UN sequence of undefined length
/// becomes SQ unless preserved. Errors: those of Reader; Unsupported for Big Endian as target.
Result<void> rewrite(Bytes data_set, Encoding from, Encoding to, Preserve preserve,
                     ByteBuffer& out);

/// What file meta information says beyond what is in the data set.
struct FileMeta {
    std::string media_storage_sop_class_uid;
    std::string media_storage_sop_instance_uid;
    std::string transfer_syntax_uid;
    std::string source_application_entity_title;  ///< left out where empty
};

/// The preamble (128 NUL), "DICM" and group 0002 with version 00\01, our implementation class
/// UID and version name LARMOR_0_1, and a correct group length. Source: PS3.10 section 7.1.
void write_file_meta(const FileMeta& meta, ByteBuffer& out);

/// Swaps the bytes of each value in place, in units of the VR (2, 4 or 8 bytes; AT in 2).
/// A last incomplete unit stays as it is. Source: PS3.5 section 7.3.
void swap_value(Vr vr, std::span<std::byte> value);

/// A whole file in the encoding of `transfer_syntax_uid`: preamble and meta group are made anew
/// (from the old meta group, else from SOP Class UID and SOP Instance UID of the data set), or
/// kept as they are where Preserve::Yes meets the same transfer syntax. Pixel Data is copied,
/// never transcoded: Unsupported when the two syntaxes differ in more than VR form and byte
/// order, or when the target is Deflated or Big Endian and not the source's own.
Result<ByteBuffer> rewrite_file(const File& file, std::string_view transfer_syntax_uid,
                                Preserve preserve);

}  // namespace larmor::dicom
