#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "dicom/reader.h"
#include "dicom/tag.h"
#include "dicom/transfer_syntax.h"
#include "dicom/vr.h"

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
    /// Only for Little Endian. Appends to what `buffer` already holds.
    explicit Writer(Encoding target = kExplicitLittle, ByteBuffer buffer = {});

    /// A VR with a 16-bit length field whose value is longer is written as UN (PS3.5 section
    /// 6.2.2 note 5).
    void element(Tag tag, Vr vr, Bytes value);
    void text(Tag tag, Vr vr, std::string_view value);
    /// One value of an integer VR: SS, US, SL, UL, SV, UV; others are a broken invariant.
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
    struct Open {
        std::size_t length_at = 0;  ///< of the length to patch; where the form is Defined
        LengthForm form = LengthForm::Undefined;
    };
    void put_header(Tag tag, Vr vr, std::uint32_t length);
    void put_item_header(Tag tag, std::uint32_t length);
    void open(LengthForm form);
    void close(Tag delimiter);
    bool inside_defined() const;

    Encoding target_;
    ByteBuffer out_;
    std::vector<Open> open_;
};

/// What makes an odd value even: a blank for text, NUL for UI and bytes (PS3.5 section 6.2).
std::byte padding_of(Vr vr);

/// The header of a data element in Little Endian, exactly as told: what Writer is made of.
void append_header(Tag tag, Vr vr, std::uint32_t length, std::uint16_t reserved, VrForm form,
                   ByteBuffer& out);

}  // namespace larmor::dicom
