#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
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
    ItemEnd,
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
                     ///< implicit; UN where the dictionary is silent; SQ for an implicit
                     ///< sequence
    Tag tag;         ///< of the element; of items, fragments and ends: of the (FFFE,eeee) item
    std::uint32_t length = 0;  ///< as stored; kUndefinedLength where it is
    std::size_t offset = 0;  ///< of the token's first byte, from the start of the data set. Of
                             ///< ends: of the delimiter; where a length ends them, of what
                             ///< follows
    std::size_t value_offset = 0;  ///< of the first byte behind the header. Of ends: of what
                                   ///< follows, so that it equals `offset` without delimiter
    Bytes value;         ///< of Element and Fragment: as stored, padding is not removed
    unsigned depth = 0;  ///< 0 at the top level, 1 inside the items of a top-level sequence;
                         ///< the start, the items and the end of a sequence have the same
    std::uint16_t reserved = 0;  ///< the two bytes between VR and 32-bit length: 0 in practice
};

struct ReaderOptions {
    unsigned depth_max = 64;  ///< sequences within sequences
};

/// A pull reader over the bytes of one data set (no preamble, no file meta information, not
/// deflated). Copies nothing, allocates nothing for up to 16 nested sequences, goes through the
/// bytes once. In Implicit VR the VR comes from the dictionary, private creators and pixel
/// rules included (PS3.5 section A.1: Pixel Data OW). Inside a UN sequence of undefined length
/// the encoding is Implicit Little.
///
///     Reader reader(file.data_set, file.encoding);
///     for (Token token; reader.advance(token) && token.kind != TokenKind::End;) { ... }
///     if (reader.failed()) return tl::unexpected(reader.error());
///
/// Errors, each with the byte offset and the tag: InvalidInput for a length beyond its parent,
/// a value that ends too early, letters that are no VR, a stray delimiter; LimitExceeded for
/// the depth. After an error or End, the next call repeats it.
/// Source: PS3.5 sections 7.1, 7.5 and A.4.
class Reader {
public:
    Reader(Bytes data_set, Encoding encoding, ReaderOptions options = {});

    Result<Token> next() {
        Token token;
        if (advance(token)) return token;
        return tl::unexpected(*error_);
    }

    /// The same for loops that count nanoseconds: false after an error.
    bool advance(Token& token) {
        if (state_ == State::ExplicitLittle && limit_ - at_ >= 8) [[likely]] {
            const auto head = load_little<std::uint64_t>(at_);
            const auto letters = static_cast<unsigned>(head >> 32) & 0xffffU;
            const HeaderForm form = header_form(letters);
            const auto group = static_cast<std::uint16_t>(head);
            if (form == HeaderForm::Short && group != kItem.group) [[likely]] {
                const auto length = static_cast<std::uint32_t>(head >> 48);
                if (length <= static_cast<std::size_t>(limit_ - at_) - 8) [[likely]] {
                    token.reserved = 0;
                    fill(token, head, letters, length, 8);
                    return true;
                }
            } else if (form == HeaderForm::Long && group != kItem.group && limit_ - at_ >= 12) {
                const auto length = load_little<std::uint32_t>(at_ + 8);
                // An undefined length would fit into a data set of more than 4 GiB.
                if (length <= static_cast<std::size_t>(limit_ - at_) - 12 &&
                    length != kUndefinedLength) [[likely]] {
                    token.reserved = static_cast<std::uint16_t>(head >> 48);
                    fill(token, head, letters, length, 12);
                    return true;
                }
            }
        }
        return advance_slowly(token);
    }

    bool failed() const { return state_ == State::Failed; }
    /// Only after `failed()`.
    const Error& error() const { return *error_; }

    /// After SequenceStart, ItemStart or FragmentsStart: goes to behind the matching end, which
    /// is not reported; a defined length is jumped over. After anything else it does nothing.
    Result<void> skip();

    /// Where the next token starts, and how: Implicit Little inside UN sequences.
    std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
    Encoding encoding() const { return encoding_; }

private:
    enum class State : std::uint8_t {
        ExplicitLittle,  ///< between data elements, the fast path
        Elements,        ///< the same in the other encodings
        Items,           ///< in a sequence, between items
        Fragments,
        End,
        Failed,
    };
    enum class HeaderForm : std::uint8_t { Other, Short, Long };

    /// A data set: the top level (0), or that of the open item of a sequence. Ends that are
    /// undefined are nullptr.
    struct Level {
        const std::byte* sequence_end = nullptr;
        const std::byte* item_end = nullptr;
        const std::byte* outer_limit = nullptr;  ///< of the data set that holds the sequence
        std::size_t creators = 0;                ///< how many were known before
        Encoding outer_encoding;
        bool is_signed = false;  ///< Pixel Representation, inherited
    };
    struct Creator {
        std::uint16_t group;
        std::uint8_t block;
        std::int32_t id;  ///< see find_private_creator
    };
    static constexpr unsigned kInlineLevels = 17;

    static const std::array<HeaderForm, 1024> kHeaderForms;
    static HeaderForm header_form(unsigned letters) {
        if ((letters & 0xe0e0U) != 0x4040U) [[unlikely]]
            return HeaderForm::Other;
        return kHeaderForms[(letters & 0x1fU) | (letters >> 3 & 0x3e0U)];
    }
    void fill(Token& token, std::uint64_t head, unsigned letters, std::uint32_t length,
              std::size_t header_size) {
        token.kind = TokenKind::Element;
        token.vr = static_cast<Vr>(letters);
        token.tag =
            Tag(static_cast<std::uint16_t>(head), static_cast<std::uint16_t>(head >> 16));
        token.length = length;
        token.offset = static_cast<std::size_t>(at_ - begin_);
        token.value_offset = token.offset + header_size;
        token.value = {at_ + header_size, length};
        token.depth = depth_;
        at_ += header_size + length;
        last_ = TokenKind::Element;
    }

    bool advance_slowly(Token& token);
    template <VrForm form, ByteOrder order>
    bool read_element(Token& token);
    template <ByteOrder order>
    bool read_item(Token& token);
    template <ByteOrder order>
    bool read_fragment(Token& token);
    template <ByteOrder order>
    bool read_item_delimitation(Token& token);
    bool start_value(Token& token, std::size_t header_size);
    bool start_sequence(Token& token, std::size_t header_size);
    bool end_data_set(Token& token);
    void emit(Token& token, TokenKind kind, std::size_t header_size, unsigned depth);
    void begin_elements(Encoding encoding);
    void leave_item();
    void leave_sequence();
    Result<void> skip_to(TokenKind kind, unsigned depth);
    Vr implicit_vr(Tag tag) const;
    template <ByteOrder order>
    void note_implicit(const Token& token);
    bool fail_at(Tag tag, std::string_view what, ErrorCode code = ErrorCode::InvalidInput);
    Level& level(unsigned depth) {
        return depth < kInlineLevels ? levels_[depth] : deep_levels_[depth - kInlineLevels];
    }
    const Level& level(unsigned depth) const {
        return depth < kInlineLevels ? levels_[depth] : deep_levels_[depth - kInlineLevels];
    }

    const std::byte* begin_;
    const std::byte* at_;     ///< of the next token
    const std::byte* limit_;  ///< the innermost defined end
    State state_ = State::End;
    TokenKind last_ = TokenKind::Element;
    Encoding encoding_{};
    unsigned depth_ = 0;
    unsigned depth_max_;
    std::array<Level, kInlineLevels> levels_{};
    std::vector<Level> deep_levels_;  ///< those beyond
    std::vector<Creator> creators_;   ///< of the open data sets; in Implicit VR only
    std::optional<Error> error_;
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
