#include "dicom/json_write.h"

#include <optional>
#include <vector>

#include "base/base64.h"
#include "dicom/charset.h"
#include "dicom/json_out.h"
#include "dicom/json_values.h"
#include "dicom/rewrite.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

constexpr Tag kSpecificCharacterSet{0x0008, 0x0005};
constexpr std::string_view kUtf8Element = R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]},)";
constexpr std::string_view kOpenSequence = R"(,"Value":[)";
constexpr std::size_t kDelimiterSize = 8;

bool is_pixel_data(Tag tag) {
    return tag == Tag(0x7fe0, 0x0010) || tag == Tag(0x7fe0, 0x0008) ||
           tag == Tag(0x7fe0, 0x0009);
}

/// The data set or one item that is being written.
struct Level {
    Tag last;
    CharacterSet character_set;
    bool has_character_set = false;  ///< (0008,0005) with a value stands here
    bool beyond_ascii = false;       ///< text that needs one was written here
    /// Where (0008,0005) belongs if it turns out to be needed, and how much to replace there.
    std::optional<std::size_t> character_set_at;
    std::size_t character_set_size = 0;
    std::size_t begin = 0;         ///< behind the `{`
    std::size_t first_member = 0;  ///< in the list of members
};

/// Where the member of an object begins: kept only for data sets that must be sorted.
struct Member {
    Tag tag;
    std::size_t begin = 0;
};

enum class Order : bool { AsStored, Sort };
enum class Outcome : bool { Written, NotSorted };

class JsonWriter {
public:
    JsonWriter(JsonOut& out, Bytes data_set, Encoding encoding, const JsonWriteOptions& options,
               Order order)
        : out_(out),
          options_(options),
          data_set_(data_set),
          reader_(data_set, encoding, {.depth_max = options.depth_max}),
          order_(order) {
        levels_.reserve(16);
    }

    /// With Order::AsStored stops where a tag is not higher than the one before.
    Result<Outcome> write();

private:
    void open_level(CharacterSet character_set);
    void close_level();
    void add_character_set(const Level& level);
    void sort_members(const Level& level);
    bool start_member(Tag tag, Vr vr);
    void end_member();

    Result<void> start_sequence(Tag tag);
    void end_sequence();
    void put_element(const Token& token);
    void put_character_set(const Token& token);
    void put_text(const Token& token, CharacterSet character_set);
    void put_binary(const Token& token, Vr vr);
    void put_uri(const Token& token, Vr vr, Bytes value, bool encapsulated);
    Result<void> put_fragments(const Token& start);
    ByteOrder byte_order() const { return reader_.encoding().order; }

    JsonOut& out_;
    const JsonWriteOptions& options_;
    Bytes data_set_;
    Reader reader_;
    Order order_;
    bool not_sorted_ = false;
    std::vector<Level> levels_;
    std::vector<ItemStep> path_;
    std::vector<Member> members_;  ///< of all open levels
    std::string scratch_;
};

void JsonWriter::open_level(CharacterSet character_set) {
    out_.reserve(1);
    out_.put('{');
    Level& level = levels_.emplace_back();
    level.character_set = character_set;
    level.begin = out_.size();
    level.first_member = members_.size();
}

/// Each member ends with a comma; the last one's gives its place to the brace.
void JsonWriter::close_level() {
    const Level level = levels_.back();
    levels_.pop_back();
    if (level.beyond_ascii && !level.has_character_set) {
        if (level.character_set_at || levels_.empty()) {
            add_character_set(level);
        } else {
            levels_.back().beyond_ascii = true;  // the set is inherited
        }
    }
    if (order_ == Order::Sort) sort_members(level);
    out_.reserve(2);
    if (out_.at[-1] == ',') --out_.at;
    out_.put('}');
}

/// Only now it is known that text is not in the default repertoire.
void JsonWriter::add_character_set(const Level& level) {
    const std::size_t at = level.character_set_at.value_or(out_.size());
    if (order_ == Order::Sort) {
        // Behind the empty one that may be there: the last one counts.
        members_.push_back({kSpecificCharacterSet, out_.size()});
        out_.reserve(kUtf8Element.size());
        out_.put(kUtf8Element);
        return;
    }
    const std::string behind(out_.written(at + level.character_set_size));
    out_.replace(at, kUtf8Element);
    out_.reserve(behind.size());
    out_.put(behind);
}

void JsonWriter::sort_members(const Level& level) {
    struct Part {
        Tag tag;
        std::size_t begin, end;
    };
    std::vector<Part> parts;
    for (std::size_t i = level.first_member; i < members_.size(); ++i) {
        const bool last = i + 1 == members_.size();
        parts.push_back(
            {members_[i].tag, members_[i].begin, last ? out_.size() : members_[i + 1].begin});
    }
    members_.resize(level.first_member);
    std::ranges::sort(parts, {},
                      [](const Part& part) { return std::pair(part.tag, part.begin); });
    std::string sorted;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool repeated = i + 1 < parts.size() && parts[i + 1].tag == parts[i].tag;
        if (repeated) continue;  // the last one counts
        sorted += out_.written(parts[i].begin).substr(0, parts[i].end - parts[i].begin);
    }
    out_.replace(level.begin, sorted);
}

/// Writes `"00100010":{"vr":"PN"`; false for what DICOM JSON leaves out.
bool JsonWriter::start_member(Tag tag, Vr vr) {
    if (tag.is_group_length() || tag.group == 2) return false;
    Level& level = levels_.back();
    if (order_ == Order::Sort) {
        members_.push_back({tag, out_.size()});
    } else if (tag <= level.last) {
        not_sorted_ = true;
        return false;
    }
    if (level.last < kSpecificCharacterSet && tag > kSpecificCharacterSet &&
        levels_.size() == 1) {
        level.character_set_at = out_.size();
    }
    level.last = tag;
    out_.reserve(32);
    out_.put('"');
    out_.put_hex(tag.group);
    out_.put_hex(tag.element);
    out_.put("\":{\"vr\":\"");
    const auto letters = static_cast<std::uint16_t>(vr);
    out_.put(static_cast<char>(letters & 0xff));
    out_.put(static_cast<char>(letters >> 8));
    out_.put('"');
    return true;
}

void JsonWriter::end_member() {
    out_.reserve(2);
    out_.put("},");
}

Result<Outcome> JsonWriter::write() {
    open_level({});
    for (Token token; reader_.advance(token);) {
        switch (token.kind) {
            case TokenKind::Element:
                put_element(token);
                break;
            case TokenKind::SequenceStart:
                TRY_VOID(start_sequence(token.tag));
                break;
            case TokenKind::ItemStart:
                open_level(levels_.back().character_set);
                break;
            case TokenKind::ItemEnd:
                close_level();
                out_.put(',');
                ++path_.back().item;
                break;
            case TokenKind::SequenceEnd:
                end_sequence();
                break;
            case TokenKind::FragmentsStart:
                TRY_VOID(put_fragments(token));
                break;
            case TokenKind::Fragment:
            case TokenKind::FragmentsEnd:
                break;  // put_fragments passed them
            case TokenKind::End:
                close_level();
                return Outcome::Written;
        }
        if (not_sorted_) return Outcome::NotSorted;
    }
    return tl::unexpected(reader_.error());
}

Result<void> JsonWriter::start_sequence(Tag tag) {
    // A sequence in the place of (0008,0005) says nothing, and could not be read again.
    if (tag == kSpecificCharacterSet || !start_member(tag, vr::SQ)) return reader_.skip();
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

void JsonWriter::put_element(const Token& token) {
    if (token.tag == kSpecificCharacterSet) return put_character_set(token);
    // Letters that are no VR of the standard have no place in JSON.
    const Vr vr = is_known(token.vr) ? token.vr : vr::UN;
    if (!start_member(token.tag, vr)) return;
    if (!token.value.empty()) {
        switch (vr) {
            case vr::DS:
            case vr::IS:
                put_number_strings(out_, trimmed(token.value, vr), vr);
                break;
            case vr::US:
            case vr::SS:
            case vr::UL:
            case vr::SL:
            case vr::UV:
            case vr::SV:
            case vr::FL:
            case vr::FD:
                put_numbers(out_, token.value, vr, byte_order());
                break;
            case vr::AT:
                put_tags(out_, token.value, byte_order());
                break;
            case vr::LO:
            case vr::LT:
            case vr::PN:
            case vr::SH:
            case vr::ST:
            case vr::UC:
            case vr::UT:
                put_text(token, levels_.back().character_set);
                break;
            default:
                if (is_binary(vr)) {
                    put_binary(token, vr);
                } else {
                    put_text(token, {});
                }
        }
    }
    end_member();
}

void JsonWriter::put_character_set(const Token& token) {
    using Reported = JsonWriteOptions::CharacterSetElement;
    const std::string_view value = trimmed(token.value, vr::CS);
    const std::size_t begin = out_.size();
    if (!start_member(token.tag, vr::CS)) return;
    Level& level = levels_.back();
    level.character_set = CharacterSet(value);
    level.has_character_set = !value.empty();
    if (options_.character_set_element == Reported::AsStored) {
        scratch_.clear();
        CharacterSet().decode(value, vr::CS, scratch_);
        put_utf8_values(out_, scratch_, vr::CS);
    } else if (!value.empty()) {
        out_.put(R"(,"Value":["ISO_IR 192"])");
    }
    end_member();
    level.character_set_at = begin;
    level.character_set_size = out_.size() - begin;
}

/// Nearly all text is ASCII and goes out as it is; the rest is decoded first.
void JsonWriter::put_text(const Token& token, CharacterSet character_set) {
    using Reported = JsonWriteOptions::CharacterSetElement;
    const std::string_view text = trimmed(token.value, token.vr);
    const bool is_name = token.vr == vr::PN;
    if (character_set.starts_in_ascii()) {
        if (is_name && is_plain_ascii(text)) return put_names(out_, text);
        const std::size_t begin = out_.size();
        const std::size_t behind = data_set_.size() - (token.value_offset + text.size());
        if (!is_name && put_ascii_values(out_, text, behind, token.vr)) return;
        out_.rewind(begin);
    }
    scratch_.clear();
    character_set.decode(text, token.vr, scratch_);
    if (is_name) {
        put_names(out_, scratch_);
    } else {
        put_utf8_values(out_, scratch_, token.vr);
    }
    levels_.back().beyond_ascii |= uses_character_set(token.vr) && !is_plain_ascii(scratch_) &&
                                   options_.character_set_element == Reported::IsoIr192;
}

void JsonWriter::put_binary(const Token& token, Vr vr) {
    const bool apart =
        is_pixel_data(token.tag) || token.value.size() > options_.inline_max_bytes;
    if (options_.bulk_data_uri && apart) return put_uri(token, vr, token.value, false);
    out_.reserve(32);
    out_.put(",\"InlineBinary\":\"");
    if (byte_order() == ByteOrder::Big) {
        ByteBuffer little(token.value.begin(), token.value.end());
        swap_value(vr, little);
        out_.append_with([&](std::string& out) { append_base64(out, little); });
    } else {
        out_.append_with([&](std::string& out) { append_base64(out, token.value); });
    }
    out_.put('"');
}

void JsonWriter::put_uri(const Token& token, Vr vr, Bytes value, bool encapsulated) {
    out_.reserve(32);
    out_.put(",\"BulkDataURI\":\"");
    out_.append_with([&](std::string& out) {
        options_.bulk_data_uri(out, {.path = path_,
                                     .tag = token.tag,
                                     .vr = vr,
                                     .offset = token.value_offset,
                                     .value = value,
                                     .encapsulated = encapsulated});
    });
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

}  // namespace

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
    Result<Outcome> outcome =
        JsonWriter(json, data_set, encoding, options, Order::AsStored).write();
    if (outcome && *outcome == Outcome::NotSorted) {
        json.rewind(0);
        outcome = JsonWriter(json, data_set, encoding, options, Order::Sort).write();
    }
    if (!outcome) {
        json.discard();
        return tl::unexpected(std::move(outcome).error());
    }
    json.finish();
    return {};
}

}  // namespace larmor::dicom
