#include "dicom/reader.h"

#include <string>

#include "dicom/dictionary.h"
#include "dicom/tags.h"

namespace larmor::dicom {

namespace {

/// Creators that a data set may name before we stop to look up VRs by them: an odd group has
/// 240 blocks, real files name a few dozen.
constexpr std::size_t kCreatorsMax = 4096;

template <ByteOrder order, std::integral T>
T load(const std::byte* from) {
    return order == ByteOrder::Little ? load_little<T>(from) : load_big<T>(from);
}

template <ByteOrder order>
Tag load_tag(const std::byte* from) {
    return {load<order, std::uint16_t>(from), load<order, std::uint16_t>(from + 2)};
}

bool is_implicit(Encoding encoding) {
    return encoding.vr == VrForm::Implicit;
}

std::string bytes_left(std::uint64_t wanted, std::size_t left) {
    return std::to_string(wanted) + " bytes, but only " + std::to_string(left) + " follow";
}

}  // namespace

const std::array<Reader::HeaderForm, 1024> Reader::kHeaderForms = [] {
    std::array<HeaderForm, 1024> forms{};
    for (unsigned first = 'A'; first <= 'Z'; ++first) {
        for (unsigned second = 'A'; second <= 'Z'; ++second) {
            const Vr vr = vr_of(static_cast<char>(first), static_cast<char>(second));
            // SQ starts a level, and letters unknown to us are rare: both take the slow path.
            if (!is_known(vr) || vr == vr::SQ) continue;
            forms[(first & 0x1fU) | (second & 0x1fU) << 5] =
                has_long_length(vr) ? HeaderForm::Long : HeaderForm::Short;
        }
    }
    return forms;
}();

Reader::Reader(Bytes data_set, Encoding encoding, ReaderOptions options)
    : begin_(data_set.data()),
      at_(begin_),
      limit_(begin_ + data_set.size()),
      depth_max_(options.depth_max) {
    begin_elements(encoding);
}

bool Reader::advance_slowly(Token& token) {
    using enum ByteOrder;
    const bool little = encoding_.order == Little;
    switch (state_) {
        case State::ExplicitLittle:
            return read_element<VrForm::Explicit, Little>(token);
        case State::Elements:
            if (!is_implicit(encoding_)) return read_element<VrForm::Explicit, Big>(token);
            return little ? read_element<VrForm::Implicit, Little>(token)
                          : read_element<VrForm::Implicit, Big>(token);
        case State::Items:
            return little ? read_item<Little>(token) : read_item<Big>(token);
        case State::Fragments:
            return little ? read_fragment<Little>(token) : read_fragment<Big>(token);
        case State::End:
            token = Token{};
            token.offset = token.value_offset = offset();
            return true;
        case State::Failed:
            return false;
    }
    return false;
}

template <VrForm form, ByteOrder order>
bool Reader::read_element(Token& token) {
    if (at_ == limit_) return end_data_set(token);
    const auto left = static_cast<std::size_t>(limit_ - at_);
    const Tag tag = left < 4 ? Tag() : load_tag<order>(at_);
    if (left < 8) return fail_at(tag, "the header of a data element ends too early");
    if (tag.group == kItem.group) [[unlikely]]
        return read_item_delimitation<order>(token);

    std::size_t header_size = 8;
    token.tag = tag;
    token.reserved = 0;
    if constexpr (form == VrForm::Implicit) {
        token.vr = implicit_vr(tag);
        token.length = load<order, std::uint32_t>(at_ + 4);
    } else {
        token.vr = static_cast<Vr>(load_little<std::uint16_t>(at_ + 4));
        if (!is_vr_letters(token.vr)) return fail_at(tag, "two bytes that are no VR");
        if (has_long_length(token.vr)) {
            header_size = 12;
            if (left < 12) return fail_at(tag, "the header of a data element ends too early");
            token.reserved = load_little<std::uint16_t>(at_ + 6);
            token.length = load<order, std::uint32_t>(at_ + 8);
        } else {
            token.length = load<order, std::uint16_t>(at_ + 6);
        }
    }
    if (!start_value(token, header_size)) return false;
    if constexpr (form == VrForm::Implicit) note_implicit<order>(token);
    return true;
}

bool Reader::start_value(Token& token, std::size_t header_size) {
    if (token.length == kUndefinedLength) {
        const bool pixels = token.vr == vr::OB || token.vr == vr::OW ||
                            (token.vr == vr::UN && token.tag == tags::PixelData);
        if (pixels) {
            emit(token, TokenKind::FragmentsStart, header_size, depth_);
            state_ = State::Fragments;
            return true;
        }
        // Without a VR in the file only a sequence can have it (PS3.5 section 7.1.3).
        if (is_implicit(encoding_)) token.vr = vr::SQ;
        if (token.vr == vr::SQ || token.vr == vr::UN) return start_sequence(token, header_size);
        return fail_at(token.tag, "an undefined length, which VR " + to_string(token.vr) +
                                      " cannot have,");
    }
    const auto left = static_cast<std::size_t>(limit_ - at_) - header_size;
    if (token.length > left) {
        return fail_at(token.tag, "a value of " + bytes_left(token.length, left));
    }
    if (token.vr == vr::SQ) {
        // A private dictionary can be wrong about another version of the same creator.
        const bool items =
            token.length == 0 ||
            (token.length >= 8 && load_little<std::uint32_t>(at_ + header_size) == 0xe000fffe);
        if (items || !is_implicit(encoding_) || !token.tag.is_private()) {
            return start_sequence(token, header_size);
        }
        token.vr = vr::UN;
    }
    emit(token, TokenKind::Element, header_size, depth_);
    token.value = {at_, token.length};
    at_ += token.length;
    return true;
}

bool Reader::start_sequence(Token& token, std::size_t header_size) {
    if (depth_ >= depth_max_) {
        return fail_at(token.tag,
                       "more than " + std::to_string(depth_max_) + " nested sequences",
                       ErrorCode::LimitExceeded);
    }
    const bool defined = token.length != kUndefinedLength;
    emit(token, TokenKind::SequenceStart, header_size, depth_);
    const Level opened{.sequence_end = defined ? at_ + token.length : nullptr,
                       .outer_limit = limit_,
                       .creators = creators_.size(),
                       .outer_encoding = encoding_};
    if (++depth_ >= kInlineLevels) deep_levels_.resize(depth_ - kInlineLevels + 1);
    level(depth_) = opened;
    if (defined) limit_ = opened.sequence_end;
    if (token.vr == vr::UN) encoding_ = kImplicitLittle;  // PS3.5 section 6.2.2 note 4
    state_ = State::Items;
    return true;
}

template <ByteOrder order>
bool Reader::read_item(Token& token) {
    Level& sequence = level(depth_);
    const auto left = static_cast<std::size_t>(limit_ - at_);
    token.reserved = 0;
    if (left == 0) {
        if (sequence.sequence_end == nullptr) {
            return fail_at({}, "a sequence without Sequence Delimitation Item ends");
        }
        token.tag = kSequenceDelimitation;
        token.length = 0;
        emit(token, TokenKind::SequenceEnd, 0, depth_ - 1);
        leave_sequence();
        return true;
    }
    const Tag tag = left < 4 ? Tag() : load_tag<order>(at_);
    if (left < 8) return fail_at(tag, "the header of an item ends too early");
    token.tag = tag;
    token.length = load<order, std::uint32_t>(at_ + 4);
    if (tag == kItem) {
        if (token.length == kUndefinedLength) {
            sequence.item_end = nullptr;
        } else if (token.length > left - 8) {
            return fail_at(tag, "an item of " + bytes_left(token.length, left - 8));
        } else {
            sequence.item_end = limit_ = at_ + 8 + token.length;
        }
        sequence.is_signed = level(depth_ - 1).is_signed;
        emit(token, TokenKind::ItemStart, 8, depth_ - 1);
        begin_elements(encoding_);
        return true;
    }
    if (tag == kSequenceDelimitation && sequence.sequence_end == nullptr) {
        emit(token, TokenKind::SequenceEnd, 8, depth_ - 1);
        leave_sequence();
        return true;
    }
    return fail_at(tag, "something other than an item of the sequence");
}

template <ByteOrder order>
bool Reader::read_item_delimitation(Token& token) {
    const Tag tag = load_tag<order>(at_);
    if (tag != kItemDelimitation || depth_ == 0 || level(depth_).item_end != nullptr) {
        return fail_at(tag, "a stray delimiter");
    }
    token.tag = tag;
    token.reserved = 0;
    token.length = load<order, std::uint32_t>(at_ + 4);
    emit(token, TokenKind::ItemEnd, 8, depth_ - 1);
    leave_item();
    return true;
}

template <ByteOrder order>
bool Reader::read_fragment(Token& token) {
    const auto left = static_cast<std::size_t>(limit_ - at_);
    const Tag tag = left < 4 ? Tag() : load_tag<order>(at_);
    if (left < 8) return fail_at(tag, "fragments without Sequence Delimitation Item end");
    token.tag = tag;
    token.reserved = 0;
    token.length = load<order, std::uint32_t>(at_ + 4);
    if (tag == kItem) {
        if (token.length > left - 8) {
            return fail_at(tag, "a fragment of " + bytes_left(token.length, left - 8));
        }
        emit(token, TokenKind::Fragment, 8, depth_);
        token.value = {at_, token.length};
        at_ += token.length;
        return true;
    }
    if (tag == kSequenceDelimitation) {
        emit(token, TokenKind::FragmentsEnd, 8, depth_);
        begin_elements(encoding_);
        return true;
    }
    return fail_at(tag, "something other than a fragment of the pixel data");
}

/// Behind the last byte of the top level or of an item.
bool Reader::end_data_set(Token& token) {
    token.reserved = 0;
    token.length = 0;
    if (depth_ == 0) {
        token.tag = Tag();
        emit(token, TokenKind::End, 0, 0);
        state_ = State::End;
        return true;
    }
    if (level(depth_).item_end == nullptr) {
        return fail_at({}, "an item without Item Delimitation Item ends");
    }
    token.tag = kItemDelimitation;
    emit(token, TokenKind::ItemEnd, 0, depth_ - 1);
    leave_item();
    return true;
}

/// Tag, VR, length and reserved bytes are set; goes behind the header.
void Reader::emit(Token& token, TokenKind kind, std::size_t header_size, unsigned depth) {
    token.kind = kind;
    token.offset = offset();
    at_ += header_size;
    token.value_offset = offset();
    token.value = {};
    token.depth = depth;
    last_ = kind;
}

void Reader::begin_elements(Encoding encoding) {
    encoding_ = encoding;
    state_ = encoding == kExplicitLittle ? State::ExplicitLittle : State::Elements;
}

void Reader::leave_item() {
    const Level& sequence = level(depth_);
    limit_ = sequence.sequence_end != nullptr ? sequence.sequence_end : sequence.outer_limit;
    creators_.resize(sequence.creators);
    state_ = State::Items;
}

void Reader::leave_sequence() {
    const Level& sequence = level(depth_);
    limit_ = sequence.outer_limit;
    creators_.resize(sequence.creators);
    --depth_;
    begin_elements(sequence.outer_encoding);
}

Vr Reader::implicit_vr(Tag tag) const {
    if (!tag.is_private() || tag.element < 0x1000) {
        return vr_of(tag, level(depth_).is_signed);
    }
    const auto block = static_cast<std::uint8_t>(tag.element >> 8);
    const std::size_t outer = level(depth_).creators;
    for (std::size_t i = creators_.size(); i > outer; --i) {
        const Creator& creator = creators_[i - 1];
        if (creator.group != tag.group || creator.block != block) continue;
        const auto entry = find_private_entry(creator.id, tag);
        return entry ? entry->vr : vr::UN;
    }
    return vr::UN;
}

/// Remembers what the VRs of later data elements depend on.
template <ByteOrder order>
void Reader::note_implicit(const Token& token) {
    if (token.kind != TokenKind::Element) return;
    if (token.tag == tags::PixelRepresentation && token.value.size() == 2) {
        level(depth_).is_signed = load<order, std::uint16_t>(token.value.data()) == 1;
    }
    const bool creator =
        token.tag.is_private() && token.tag.element >= 0x10 && token.tag.element <= 0xff;
    if (creator && creators_.size() < kCreatorsMax) {
        const int id = find_private_creator(as_text(token.value));
        creators_.push_back(
            {token.tag.group, static_cast<std::uint8_t>(token.tag.element), id});
    }
}

Result<void> Reader::skip() {
    if (failed()) return tl::unexpected(*error_);
    switch (last_) {
        case TokenKind::SequenceStart:
            if (const auto* end = level(depth_).sequence_end; end != nullptr) {
                at_ = end;
                leave_sequence();
                break;
            }
            return skip_to(TokenKind::SequenceEnd, depth_ - 1);
        case TokenKind::ItemStart:
            if (const auto* end = level(depth_).item_end; end != nullptr) {
                at_ = end;
                leave_item();
                break;
            }
            return skip_to(TokenKind::ItemEnd, depth_ - 1);
        case TokenKind::FragmentsStart:
            return skip_to(TokenKind::FragmentsEnd, depth_);
        default:
            break;
    }
    last_ = TokenKind::Element;
    return {};
}

Result<void> Reader::skip_to(TokenKind kind, unsigned depth) {
    for (Token token; advance(token);) {
        if (token.kind == kind && token.depth == depth) return {};
        const bool opened =
            token.kind == TokenKind::SequenceStart || token.kind == TokenKind::ItemStart;
        if (opened && token.length != kUndefinedLength) TRY_VOID(skip());
    }
    return tl::unexpected(*error_);
}

bool Reader::fail_at(Tag tag, std::string_view what, ErrorCode code) {
    std::string message(what);
    if (tag != Tag()) message += " in " + to_string(tag);
    error_ = Error{code, message + " at byte " + std::to_string(offset())};
    state_ = State::Failed;
    return false;
}

Result<std::optional<DataElement>> find(Bytes data_set, Encoding encoding, Tag tag) {
    Reader reader(data_set, encoding);
    for (Token token; reader.advance(token);) {
        if (token.kind == TokenKind::End || token.tag > tag) return std::nullopt;
        const Token start = token;
        TRY_VOID(reader.skip());
        if (start.tag != tag) continue;

        DataElement element{.tag = start.tag,
                            .vr = start.vr,
                            .length = start.length,
                            .offset = start.offset,
                            .next = reader.offset(),
                            .value = start.value};
        if (start.kind != TokenKind::Element) {
            const std::size_t delimiter_size = start.length == kUndefinedLength ? 8 : 0;
            element.value = data_set.subspan(
                start.value_offset, element.next - delimiter_size - start.value_offset);
        }
        return element;
    }
    return tl::unexpected(reader.error());
}

}  // namespace larmor::dicom
