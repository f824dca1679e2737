#include "reassembly/fuse/text_encoding.h"

#include <optional>
#include <vector>

#include "dicom/charset.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"

namespace larmor::reassembly::fuse {
namespace {

namespace tags = dicom::tags;
using dicom::CharacterSet;
using dicom::TokenKind;

constexpr std::string_view kUtf8 = "ISO_IR 192";

/// Whether the bytes mean the same in the set as in UTF-8, as most text does.
bool stays(CharacterSet set, std::string_view text) {
    return set.is_utf8() || (set.starts_in_ascii() && dicom::is_plain_ascii(text));
}

/// The sets of the data sets that are open, outermost first.
class Levels {
public:
    void start_item() { sets_.push_back(sets_.back()); }
    void end_item() { sets_.pop_back(); }
    CharacterSet now() const { return sets_.back(); }
    void declare(Bytes value) {
        const auto text = dicom::trimmed(value, dicom::vr::CS);
        sets_.back() = CharacterSet(text);
    }

private:
    std::vector<CharacterSet> sets_{CharacterSet()};
};

/// False as soon as one text would have to be changed.
Result<bool> is_encoded(Bytes data_set) {
    Levels levels;
    dicom::Reader reader(data_set, dicom::kExplicitLittle);
    dicom::Token token;
    while (reader.advance(token) && token.kind != TokenKind::End) {
        if (token.kind == TokenKind::ItemStart) levels.start_item();
        if (token.kind == TokenKind::ItemEnd) levels.end_item();
        if (token.kind != TokenKind::Element) continue;
        if (token.tag == tags::SpecificCharacterSet) levels.declare(token.value);
        if (dicom::uses_character_set(token.vr) && !stays(levels.now(), as_text(token.value))) {
            return false;
        }
    }
    if (reader.failed()) return tl::unexpected(reader.error());
    return true;
}

/// A last blank may be padding: without it an encoded value isn't padded twice.
std::string_view without_padding(Bytes value) {
    auto text = as_text(value);
    if (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// What is done with one data element that holds text. False where the set can't hold it.
bool put_text(const dicom::Token& token, CharacterSet set, dicom::Writer& writer) {
    std::string encoded;
    if (stays(set, as_text(token.value))) {
        writer.element(token.tag, token.vr, token.value);
        return true;
    }
    if (!set.encode(without_padding(token.value), token.vr, encoded)) return false;
    writer.text(token.tag, token.vr, encoded);
    return true;
}

enum class Target : bool { Declared, Utf8 };

/// Nothing where a declared set can't hold its text.
std::optional<ByteBuffer> write_again(Bytes data_set, Target target) {
    constexpr auto kDefined = dicom::LengthForm::Defined;
    Levels levels;
    dicom::Writer writer;
    dicom::Reader reader(data_set, dicom::kExplicitLittle);
    dicom::Token token;
    while (reader.advance(token) && token.kind != TokenKind::End) {
        switch (token.kind) {
            case TokenKind::SequenceStart:
                writer.start_sequence(token.tag, kDefined);
                break;
            case TokenKind::ItemStart:
                levels.start_item();
                writer.start_item(kDefined);
                break;
            case TokenKind::ItemEnd:
                levels.end_item();
                writer.end_item();
                break;
            case TokenKind::SequenceEnd:
                writer.end_sequence();
                break;
            case TokenKind::Element:
                if (token.tag == tags::SpecificCharacterSet) {
                    levels.declare(token.value);
                    const bool empty = dicom::trimmed(token.value, token.vr).empty();
                    const bool named = target == Target::Utf8 && !empty;
                    writer.element(token.tag, token.vr, named ? as_bytes(kUtf8) : token.value);
                } else if (target == Target::Utf8 || !dicom::uses_character_set(token.vr)) {
                    writer.element(token.tag, token.vr, token.value);
                } else if (!put_text(token, levels.now(), writer)) {
                    return std::nullopt;
                }
                break;
            default:  // fragments: data sets from JSON have none
                return std::nullopt;
        }
    }
    return writer.take();
}

}  // namespace

Result<ByteBuffer> encode_text(ByteBuffer data_set) {
    TRY(const bool encoded, is_encoded(data_set));
    if (encoded) return data_set;
    if (auto declared = write_again(data_set, Target::Declared)) return *std::move(declared);
    auto utf8 = write_again(data_set, Target::Utf8);
    return utf8 ? *std::move(utf8) : std::move(data_set);
}

}  // namespace larmor::reassembly::fuse
