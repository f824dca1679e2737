#include "dicom/json_write.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dicom/dictionary.h"
#include "dicom/json_form.h"
#include "dicom/json_writer.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

constexpr std::string_view kOpenSequence = R"(,"Value":[)";
constexpr Tag kPixelRepresentation{0x0028, 0x0103};
constexpr std::size_t kDelimiterSize = 8;
constexpr std::size_t kImplicitHeaderSize = 8;

bool is_pixel_data(Tag tag) {
    return tag == Tag(0x7fe0, 0x0010) || tag == Tag(0x7fe0, 0x0008) ||
           tag == Tag(0x7fe0, 0x0009);
}

std::string_view without_padding(Bytes value) {
    std::string_view text = as_text(value);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    return text;
}

}  // namespace

/// Writes `"00100010":{"vr":"PN"`; false for what DICOM JSON leaves out.
bool JsonWriter::start_member(Tag tag, Vr vr) {
    if (tag.is_group_length() || tag.group == 2) return false;
    JsonLevel& level = levels_.back();
    if (order_ == MemberOrder::Sort) {
        members_.push_back({tag, out_.size()});
    } else if (tag <= level.last) {
        not_sorted_ = true;
        return false;
    }
    if (level.last < tags::SpecificCharacterSet && tag > tags::SpecificCharacterSet &&
        levels_.size() == 1) {
        level.character_set_at = out_.size();
    }
    level.last = tag;
    out_.reserve(32);
    // In a local: the compiler must take each character for a change of `out_.at`.
    char* const at = out_.at;
    static constexpr std::string_view kHead = R"("........":{"vr":"..")";
    std::memcpy(at, kHead.data(), kHead.size());
    put_hex(at + 1, tag.value());
    at[18] = static_cast<char>(static_cast<std::uint16_t>(vr) & 0xff);
    at[19] = static_cast<char>(static_cast<std::uint16_t>(vr) >> 8);
    out_.at = at + kHead.size();
    return true;
}

void JsonWriter::end_member() {
    out_.reserve(2);
    out_.put("},");
}

Result<WriteOutcome> JsonWriter::write() {
    open_level({});
    Token token;
    while (reader_.advance(token) && token.kind != TokenKind::End) {
        TRY_VOID(put(token));
        if (not_sorted_) return WriteOutcome::NotSorted;
    }
    if (reader_.failed()) return tl::unexpected(reader_.error());
    close_level();
    return WriteOutcome::Written;
}

Result<void> JsonWriter::put(const Token& token) {
    switch (token.kind) {
        case TokenKind::Element:
            return put_element(token);
        case TokenKind::SequenceStart:
            return start_sequence(token.tag);
        case TokenKind::ItemStart:
            open_level(levels_.back().character_set);
            return {};
        case TokenKind::ItemEnd:
            close_level();
            out_.put(',');
            ++path_.back().item;
            return {};
        case TokenKind::SequenceEnd:
            end_sequence();
            return {};
        case TokenKind::FragmentsStart:
            return put_fragments(token);
        case TokenKind::Fragment:
        case TokenKind::FragmentsEnd:  // put_fragments passed them
        case TokenKind::End:
            break;
    }
    return {};
}

Result<void> JsonWriter::start_sequence(Tag tag) {
    // A sequence in the place of (0008,0005) says nothing, and could not be read again.
    if (tag == tags::SpecificCharacterSet || !start_member(tag, vr::SQ)) return reader_.skip();
    if (tag < tags::SpecificCharacterSet && order_ == MemberOrder::AsStored) {
        Reader ahead = reader_;
        if (ahead.skip()) look_ahead(ahead);
    }
    path_.push_back({tag, 0});
    out_.put(kOpenSequence);
    return {};
}

void JsonWriter::end_sequence() {
    path_.pop_back();
    if (out_.at[-1] == ',') {
        out_.at[-1] = ']';
    } else {
        out_.at -= kOpenSequence.size();  // there was no item
    }
    end_member();
}

Result<void> JsonWriter::put_element(const Token& token) {
    if (token.tag.is_private() && token.tag.element >= 0x10 && token.tag.element <= 0xff) {
        levels_.back().creators.push_back({token.tag, as_text(token.value), std::nullopt});
    }
    const bool stays = options_.unknown_vr == JsonWriteOptions::UnknownVr::AsStored &&
                       token.tag != tags::SpecificCharacterSet;
    if (token.vr == vr::UN && !stays) return put_unknown(token);
    if (token.tag == tags::SpecificCharacterSet) {
        put_character_set(token);
        return {};
    }
    // Letters that are no VR of the standard have no place in JSON.
    const Vr vr = json_form_of(token.vr) != JsonForm::Unknown ? token.vr : vr::UN;
    if (!start_member(token.tag, vr)) return {};
    put_value(token, vr, reader_.encoding().order);
    end_member();
    return {};
}

/// What somebody on the way did not know may be known here (PS3.5 section 6.2.2 note 2).
Vr JsonWriter::known_vr(const Token& token) {
    JsonLevel& level = levels_.back();
    if (!token.tag.is_private()) return vr_of(token.tag, level.is_signed);
    if (token.tag.element < 0x1000) return vr_of(token.tag);
    const Tag block(token.tag.group, token.tag.element >> 8);
    const auto creator = std::ranges::find(level.creators, block, &PrivateCreator::tag);
    if (creator == level.creators.end()) return vr::UN;
    if (!creator->id) {
        creator->id = find_private_creator(trimmed(as_bytes(creator->name), vr::LO));
    }
    const auto entry = find_private_entry(*creator->id, token.tag);
    return entry ? entry->vr : vr::UN;
}

Result<void> JsonWriter::put_unknown(const Token& token) {
    Vr vr = known_vr(token);
    if (vr == vr::SQ) {
        TRY(const bool done, put_unknown_sequence(token));
        if (done) return {};
        vr = vr::UN;
    }
    // What does not fit is something else after all.
    if (token.value.size() % unit_size(vr) != 0) vr = vr::UN;
    if (token.tag == tags::SpecificCharacterSet) {
        put_character_set(token);
    } else if (start_member(token.tag, vr)) {
        put_value(token, vr, ByteOrder::Little);  // whatever the data set is: note 2
        end_member();
    }
    return {};
}

/// Items that lie in a UN value of defined length: Implicit Little Endian (PS3.5 section 6.2.2
/// note 2). False, and nothing written, when it is no such thing.
Result<bool> JsonWriter::put_unknown_sequence(const Token& token) {
    // Reading starts at a header that says sequence: the stored one is longer, and says UN.
    ByteBuffer copy(kImplicitHeaderSize);
    store_little(copy.data(), token.tag.group);
    store_little(copy.data() + 2, token.tag.element);
    store_little(copy.data() + 4, token.length);
    copy.insert(copy.end(), token.value.begin(), token.value.end());

    const auto depth_max = options_.depth_max - static_cast<unsigned>(path_.size());
    Reader nested(copy, kImplicitLittle, {.depth_max = depth_max});
    Token part;
    bool is_sequence = false;
    while (nested.advance(part) && part.kind != TokenKind::End) {
        is_sequence |= part.kind == TokenKind::SequenceStart && part.depth == 0;
    }
    if (nested.failed() || !is_sequence) return false;

    if (token.tag < tags::SpecificCharacterSet && order_ == MemberOrder::AsStored) {
        look_ahead(
            reader_);  // in the data set around it, whose character set its items inherit
    }
    const auto outer_reader =
        std::exchange(reader_, Reader(copy, kImplicitLittle, {.depth_max = depth_max}));
    const auto outer_data_set = std::exchange(data_set_, Bytes(copy));
    const auto outer_shift =
        std::exchange(offset_shift_, token.value_offset - kImplicitHeaderSize);
    while (reader_.advance(part) && part.kind != TokenKind::End) TRY_VOID(put(part));
    offset_shift_ = outer_shift;
    data_set_ = outer_data_set;
    reader_ = outer_reader;
    return true;
}

void JsonWriter::put_value(const Token& token, Vr vr, ByteOrder order) {
    if (token.value.empty()) return;
    switch (json_form_of(vr)) {
        case JsonForm::Text:
            return put_text(token, vr, {}, {});
        case JsonForm::TrimmedText:
            return put_text(token, vr, {.trims_front = true}, {});
        case JsonForm::SingleText:
            return put_text(token, vr, {.splits = false}, {});
        case JsonForm::CharacterText:
        case JsonForm::SingleCharacterText:
        case JsonForm::Name:
            return put_character_text(token, vr);
        case JsonForm::NumberString:
            return put_number_strings(out_, trimmed(token.value, vr), vr);
        case JsonForm::Number:
            if (token.tag == kPixelRepresentation && token.value.size() == 2) {
                const std::size_t low = order == ByteOrder::Big ? 1 : 0;
                levels_.back().is_signed = token.value[low] == std::byte{1};
            }
            return put_numbers(out_, token.value, vr, order);
        case JsonForm::Tags:
            return put_tags(out_, token.value, order);
        case JsonForm::Binary:
        case JsonForm::Unknown:
            return put_binary(token, vr, order);
    }
}

void JsonWriter::put_character_set(const Token& token) {
    using Reported = JsonWriteOptions::CharacterSetElement;
    const std::string_view value = trimmed(token.value, vr::CS);
    const std::size_t begin = out_.size();
    if (!start_member(token.tag, vr::CS)) return;
    JsonLevel& level = levels_.back();
    level.character_set = CharacterSet(value);
    level.has_character_set = !value.empty();
    if (options_.character_set_element == Reported::AsStored) {
        scratch_.clear();
        CharacterSet().decode(value, vr::CS, scratch_);
        put_utf8_values(out_, scratch_, {.trims_front = true});
    } else if (!value.empty()) {
        out_.put(R"(,"Value":["ISO_IR 192"])");
    }
    end_member();
    level.character_set_at = begin;
    level.character_set_size = out_.size() - begin;
}

void JsonWriter::put_character_text(const Token& token, Vr vr) {
    if (token.tag < tags::SpecificCharacterSet) [[unlikely]]
        look_ahead(reader_);
    const CharacterSet character_set = levels_.back().character_set;
    const JsonForm form = json_form_of(vr);
    if (form == JsonForm::Name) return put_name(token, character_set);
    put_text(token, vr, {.splits = form == JsonForm::CharacterText}, character_set);
}

/// Nearly all text is ASCII and goes out as it is; the rest is decoded first.
void JsonWriter::put_text(const Token& token, Vr vr, TextRules rules,
                          CharacterSet character_set) {
    const std::string_view text = without_padding(token.value);
    if (character_set.starts_in_ascii()) {
        const std::size_t begin = out_.size();
        const std::size_t behind = data_set_.size() - (token.value_offset + text.size());
        if (put_ascii_values(out_, text, behind, rules)) return;
        out_.rewind(begin);
    }
    put_utf8_values(out_, decoded(text, vr, character_set), rules);
}

void JsonWriter::put_name(const Token& token, CharacterSet character_set) {
    const std::string_view text = without_padding(token.value);
    if (character_set.starts_in_ascii() && is_plain_ascii(text)) {
        put_names(out_, text);
    } else {
        put_names(out_, decoded(text, vr::PN, character_set));
    }
}

/// UTF-8 in the scratch buffer; notes when the text needs a character set.
std::string_view JsonWriter::decoded(std::string_view text, Vr vr, CharacterSet character_set) {
    using Reported = JsonWriteOptions::CharacterSetElement;
    scratch_.clear();
    character_set.decode(text, vr, scratch_);
    levels_.back().beyond_ascii |= uses_character_set(vr) && !is_plain_ascii(scratch_) &&
                                   options_.character_set_element == Reported::IsoIr192;
    return scratch_;
}

void JsonWriter::put_binary(const Token& token, Vr vr, ByteOrder order) {
    const bool apart =
        is_pixel_data(token.tag) || token.value.size() > options_.inline_max_bytes;
    if (options_.bulk_data_uri && apart) return put_uri(token, vr, token.value, false);
    out_.reserve(32);
    out_.put(",\"InlineBinary\":\"");
    if (order == ByteOrder::Big) {
        ByteBuffer little(token.value.begin(), token.value.end());
        swap_value(vr, little);
        out_.put_base64(little);
    } else {
        out_.put_base64(token.value);
    }
    out_.reserve(8);
    out_.put('"');
}

void JsonWriter::put_uri(const Token& token, Vr vr, Bytes value, bool encapsulated) {
    out_.reserve(32);
    out_.put(",\"BulkDataURI\":\"");
    scratch_.clear();
    options_.bulk_data_uri(scratch_, {.path = path_,
                                      .tag = token.tag,
                                      .vr = vr,
                                      .offset = token.value_offset + offset_shift_,
                                      .value = value,
                                      .encapsulated = encapsulated});
    out_.reserve(scratch_.size() + 1);
    out_.put(scratch_);
    out_.put('"');
}

Result<void> JsonWriter::put_fragments(const Token& start) {
    TRY_VOID(reader_.skip());
    if (!start_member(start.tag, start.vr)) return {};
    if (options_.bulk_data_uri) {
        const std::size_t end = reader_.offset() - kDelimiterSize;
        put_uri(start, start.vr,
                data_set_.subspan(start.value_offset, end - start.value_offset), true);
    }
    end_member();
    return {};
}

void append_bulk_data_path(std::string& out, const BulkValue& value) {
    for (const ItemStep& step : value.path) {
        out += to_json_key(step.sequence);
        out += '/';
        out += std::to_string(step.item);
        out += '/';
    }
    out += to_json_key(value.tag);
}

BulkDataUri bulk_data_uri_under(std::string base) {
    return [base = std::move(base)](std::string& out, const BulkValue& value) {
        out += base;
        out += "/bulkdata/";
        append_bulk_data_path(out, value);
    };
}

Result<void> write_json(std::string& out, Bytes data_set, Encoding encoding,
                        const JsonWriteOptions& options) {
    JsonOut json(out);
    Result<WriteOutcome> outcome =
        JsonWriter(json, data_set, encoding, options, MemberOrder::AsStored).write();
    if (outcome && *outcome == WriteOutcome::NotSorted) {
        json.rewind(0);
        outcome = JsonWriter(json, data_set, encoding, options, MemberOrder::Sort).write();
    }
    if (!outcome) {
        json.discard();
        return tl::unexpected(std::move(outcome).error());
    }
    json.finish();
    return {};
}

}  // namespace larmor::dicom
