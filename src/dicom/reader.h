#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "dicom/tag.h"
#include "dicom/transfer_syntax.h"
#include "dicom/vr.h"

namespace larmor::dicom {

inline constexpr std::uint32_t kUndefinedLength = 0xffffffff;

enum class TokenKind : std::uint8_t {
    Element,        ///< a data element with a value of defined length, not a sequence
    SequenceStart,  ///< SQ, or UN of undefined length (PS3.5 section 6.2.2 note 4): items
                    ///< follow
    ItemStart,
    ItemEnd,  ///< by delimiter or by length; `offset` is where the next token starts
    SequenceEnd,
    FragmentsStart,  ///< encapsulated Pixel Data (OB or OW of undefined length); Fragment
                     ///< tokens follow
    Fragment,        ///< the first one is the Basic Offset Table
    FragmentsEnd,
    End,  ///< of the data set
};

/// One step through a data set: a view, `value` lives as long as the bytes it was read from.
struct Token {
    TokenKind kind = TokenKind::End;
    Vr vr = vr::UN;  ///< of Element, SequenceStart, FragmentsStart; from the dictionary when
                     ///< implicit
    Tag tag;
    std::uint32_t length = 0;  ///< as stored; kUndefinedLength where it is
    std::size_t offset = 0;    ///< of the token's first byte, from the start of the data set
    std::size_t value_offset = 0;
    Bytes value;         ///< of Element and Fragment: as stored, padding is not removed
    unsigned depth = 0;  ///< 0 at the top level, 1 inside the items of a top-level sequence
};

struct ReaderOptions {
    unsigned depth_max = 64;
};

/// A pull reader over the bytes of one data set (no preamble, no file meta information, not
/// deflated). Copies nothing, allocates nothing beyond a bounded stack, goes through the bytes
/// once. In Implicit VR the VR comes from the dictionary, private creators and pixel rules
/// included (PS3.5 section A.1: Pixel Data OW). Inside a UN sequence of undefined length the
/// encoding is Implicit Little. Errors of `next`, each with the byte offset and the tag:
/// InvalidInput for a length beyond its parent, a value that ends too early, letters that are
/// no VR, a stray delimiter; LimitExceeded for the depth. After an error or End, `next` repeats
/// it. Source: PS3.5 sections 7.1, 7.5 and A.4.
class Reader {
public:
    Reader(Bytes data_set, Encoding encoding, ReaderOptions options = {});
    Result<Token> next();

    /// After SequenceStart, ItemStart or FragmentsStart: goes to behind the matching end, which
    /// is not reported; a defined length is jumped over.
    Result<void> skip();

private:
    struct Level;
    // (state is the implementation's; it must not allocate for depths that occur in practice)
};

/// A data element found at one level: for sequences and fragments `value` is everything between
/// the header and the delimiter (or the end given by the length), `next` what follows the
/// element.
struct DataElement {
    Tag tag;
    Vr vr = vr::UN;
    std::uint32_t length = 0;
    std::size_t offset = 0;
    std::size_t next = 0;
    Bytes value;
};

/// Finds `tag` at the top level; stops at the first higher tag, since data sets are sorted.
/// Errors: those of Reader; a missing element is an empty optional.
Result<std::optional<DataElement>> find(Bytes data_set, Encoding encoding, Tag tag);

}  // namespace larmor::dicom
