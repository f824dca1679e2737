#include "dicom/json_read.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/base64.h"
#include "dicom/charset.h"
#include "dicom/json_parser_internal.h"
#include "dicom/json_read_buffer.h"
#include "dicom/json_read_values_internal.h"
#include "dicom/json_tokens_internal.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

using simdjson::ondemand::array;
using simdjson::ondemand::document;
using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

constexpr std::string_view kUtf8 = "ISO_IR 192";

/// What one object told about its text.
struct LevelText {
    bool beyond_ascii = false;
    bool has_character_set = false;    ///< (0008,0005) with a value
    bool empty_character_set = false;  ///< (0008,0005) without
};

class JsonReader {
public:
    explicit JsonReader(const JsonReadOptions& options) : options_(options) {}

    /// `index`: of the object in an array.
    Result<ByteBuffer> read(object data_set, std::optional<std::size_t> index) {
        std::optional<JsonTokens::Step> step;
        if (index) step.emplace(tokens_, *index);
        TRY_VOID(read_data_set(std::move(data_set), 0));
        return out_.take();
    }

private:
    Result<LevelText> read_data_set(object data_set, unsigned depth);
    Result<void> read_element(value content, Tag tag, LevelText& text, unsigned depth);
    Result<Vr> vr_of_letters(std::string_view letters, Tag tag) const;
    Result<Vr> find_vr(object& element, Tag tag) const;
    Result<void> read_sequence(array items, Tag tag, LevelText& text, unsigned depth);
    Result<void> read_inline_binary(value base64, Vr vr);
    /// True when the value is fragments, and stands in the buffer.
    Result<bool> read_bulk_data(value uri, Tag tag, Vr vr, unsigned depth);
    Result<void> put_value(Tag tag, Vr vr, LevelText& text);
    Result<void> patch_length(std::size_t begin);
    Result<void> sort(std::size_t first_member);
    Result<void> check_size(std::size_t more) const;
    /// In bytes, that the data set may still take.
    std::size_t room() const {
        return options_.data_set_max_bytes - std::min(options_.data_set_max_bytes, out_.size());
    }

    const JsonReadOptions& options_;
    JsonTokens tokens_;
    JsonReadBuffer out_;
    std::string value_;                            ///< of the data element under way
    std::vector<JsonReadBuffer::Member> members_;  ///< of all open objects
};

/// The eight characters of a key, or nothing when it has another length or an escape.
std::string_view tag_key(simdjson::ondemand::raw_json_string key) {
    const char* raw = key.raw();
    for (std::size_t i = 0; i < 8; ++i) {
        if (raw[i] == '"' || raw[i] == '\\') return {};
    }
    return raw[8] == '"' ? std::string_view(raw, 8) : std::string_view();
}

Result<LevelText> JsonReader::read_data_set(object data_set, unsigned depth) {
    LevelText text;
    const std::size_t first_member = members_.size();
    bool sorted = true;
    for (auto next : data_set) {
        TRY(const auto name, tokens_.name_of(next));
        const std::string_view key = tag_key(name);
        const auto parsed = key.empty() ? parse_tag("") : parse_tag(key);
        if (!parsed) return tokens_.invalid("a name that is no tag in the object");
        const JsonTokens::Step step(tokens_, key);
        const Tag tag = *parsed;
        if (tag.group == kItem.group) return tokens_.invalid("the tag of an item or delimiter");
        value element;
        TRY_VOID(tokens_.take(next.value(), element));

        const std::size_t begin = out_.size();
        TRY_VOID(read_element(std::move(element), tag, text, depth));
        if (tag.is_group_length() || tag.group == 2) out_.cut(begin);
        if (tag.group == 2 && depth == 0 && options_.file_meta) {
            options_.file_meta(tag, as_bytes(value_));
        }
        if (out_.size() == begin) continue;
        sorted &= members_.size() == first_member || members_.back().tag < tag;
        members_.push_back({tag, begin});
    }
    const bool missing = text.beyond_ascii && !text.has_character_set;
    if (text.empty_character_set || (missing && depth == 0)) {
        // Only now it is known whether text needs it.
        const std::string_view value = missing ? kUtf8 : std::string_view();
        sorted &=
            members_.size() == first_member || members_.back().tag < tags::SpecificCharacterSet;
        members_.push_back({tags::SpecificCharacterSet, out_.size()});
        out_.put_header(tags::SpecificCharacterSet, vr::CS, value.size());
        out_.append(as_bytes(value));
        text.has_character_set |= missing;
    }
    if (!sorted) TRY_VOID(sort(first_member));
    members_.resize(first_member);
    return text;
}

/// Puts the data elements of one object into the order of their tags.
Result<void> JsonReader::sort(std::size_t first_member) {
    const auto repeated = out_.sort(std::span(members_).subspan(first_member));
    if (!repeated) return {};
    const auto key = to_json_key(*repeated);
    const JsonTokens::Step step(tokens_, key);
    return tokens_.invalid("a repeated tag");
}

Result<Vr> JsonReader::vr_of_letters(std::string_view letters, Tag tag) const {
    Vr vr = letters.size() == 2 ? vr_of(letters[0], letters[1]) : Vr{};
    if (!is_known(vr)) {
        const auto other = options_.other_vr ? options_.other_vr(tag, letters) : std::nullopt;
        if (!other) return tokens_.invalid("a vr that is none of the standard's");
        vr = *other;
    }
    if (tag == tags::SpecificCharacterSet && vr != vr::CS) {
        return tokens_.invalid("a Specific Character Set whose vr is not CS");
    }
    return vr;
}

/// Looks for it among all members.
Result<Vr> JsonReader::find_vr(object& element, Tag tag) const {
    auto found = element.find_field_unordered("vr");
    std::string_view letters;
    if (found.error() != simdjson::NO_SUCH_FIELD || !options_.other_vr) {
        TRY_VOID(tokens_.take(found.get_string(), letters));
    }
    if (element.reset().error()) return tokens_.invalid("an object that cannot be read");
    return vr_of_letters(letters, tag);
}

Result<void> JsonReader::read_element(value content, Tag tag, LevelText& text, unsigned depth) {
    const std::string_view brace = content.raw_json_token();
    // Behind the brace, and as many blanks as there are, stands the first name.
    constexpr std::string_view kFirstName = "\"vr\"";
    const bool vr_is_first =
        std::string_view(brace.data() + brace.size(), kFirstName.size()) == kFirstName;
    object element;
    TRY_VOID(tokens_.take(content.get_object(), element));
    std::optional<Vr> known_vr;
    if (!vr_is_first) {
        TRY(known_vr, find_vr(element, tag));
    }

    value_.clear();
    bool is_written = false;  // its items or fragments come straight into the buffer
    bool has_vr = false;
    bool has_value = false;
    for (auto next : element) {
        TRY(const auto name, tokens_.name_of(next));
        if (name == "vr") {
            if (std::exchange(has_vr, true)) return tokens_.invalid("a repeated vr");
            if (known_vr) continue;
            value letters;
            TRY_VOID(tokens_.take(next.value(), letters));
            TRY(const auto letters_text, tokens_.content_of(std::move(letters)));
            TRY(known_vr, vr_of_letters(letters_text, tag));
            continue;
        }
        const Vr vr = *known_vr;
        const bool is_value = name == "Value";
        const bool is_binary_value = name == "InlineBinary";
        if (!is_value && !is_binary_value && !(name == "BulkDataURI")) {
            return tokens_.invalid(
                "a member other than vr, Value, InlineBinary and BulkDataURI");
        }
        if (std::exchange(has_value, true)) return tokens_.invalid("more than one value");
        const JsonTokens::Step step(tokens_, is_value          ? "Value"
                                             : is_binary_value ? "InlineBinary"
                                                               : "BulkDataURI");
        if (is_value) {
            array values;
            TRY_VOID(tokens_.take(next.value().get_array(), values));
            TRY_VOID(vr == vr::SQ ? read_sequence(std::move(values), tag, text, depth)
                                  : append_json_values(value_, std::move(values), vr, tokens_,
                                                       options_, room()));
            continue;
        }
        value stored;
        TRY_VOID(tokens_.take(next.value(), stored));
        if (is_binary_value) {
            TRY_VOID(read_inline_binary(std::move(stored), vr));
        } else {
            TRY(is_written, read_bulk_data(std::move(stored), tag, vr, depth));
        }
    }
    const Vr vr = *known_vr;
    if (vr == vr::SQ && !has_value) out_.put_header(tag, vr, 0);
    return is_written || vr == vr::SQ ? Result<void>() : put_value(tag, vr, text);
}

Result<void> JsonReader::read_sequence(array items, Tag tag, LevelText& text, unsigned depth) {
    if (depth >= options_.depth_max) {
        return fail(ErrorCode::LimitExceeded, "more than " +
                                                  std::to_string(options_.depth_max) +
                                                  " nested sequences at " + tokens_.place());
    }
    out_.put_header(tag, vr::SQ, 0);
    const std::size_t begin = out_.size();
    std::size_t index = 0;
    for (auto next : items) {
        const JsonTokens::Step step(tokens_, index++);
        value item;
        TRY_VOID(tokens_.take(std::move(next), item));
        out_.put_header(kItem, Vr{}, 0);
        const std::size_t item_begin = out_.size();
        bool is_null = false;
        TRY_VOID(tokens_.take(item.is_null(), is_null));
        if (!is_null) {
            object data_set;
            TRY_VOID(tokens_.take(item.get_object(), data_set));
            TRY(const LevelText nested, read_data_set(std::move(data_set), depth + 1));
            text.beyond_ascii |= nested.beyond_ascii && !nested.has_character_set;
        }
        TRY_VOID(patch_length(item_begin));
    }
    return patch_length(begin);
}

Result<void> JsonReader::read_inline_binary(value base64, Vr vr) {
    if (!is_binary(vr)) return tokens_.invalid("InlineBinary for a vr that has Value");
    TRY(const std::string_view text, tokens_.read_string(std::move(base64)));
    TRY_VOID(check_size(text.size() / 4 * 3));
    const auto bytes = from_base64(text);
    if (!bytes) return tokens_.invalid("InlineBinary that is not base64");
    value_ = as_text(*bytes);
    return {};
}

Result<bool> JsonReader::read_bulk_data(value uri, Tag tag, Vr vr, unsigned depth) {
    if (vr == vr::SQ) return tokens_.invalid("BulkDataURI for a sequence");
    TRY(const std::string_view text, tokens_.read_string(std::move(uri)));
    if (!options_.bulk_data) {
        return fail(ErrorCode::Unsupported,
                    "BulkDataURI without access to it at " + tokens_.place());
    }
    TRY(const BulkData bulk, options_.bulk_data({text, tag, vr, depth}));
    TRY_VOID(check_size(bulk.value.size()));
    if (!bulk.encapsulated) {
        value_ = as_text(bulk.value);
        return false;
    }
    if (vr != vr::OB && vr != vr::OW)
        return tokens_.invalid("fragments in VR " + to_string(vr));
    out_.put_open_header(tag, vr);
    out_.append(bulk.value);
    out_.put_header(kSequenceDelimitation, Vr{}, 0);
    return true;
}

/// The value of the data element, in `value_`, padded to even length.
Result<void> JsonReader::put_value(Tag tag, Vr vr, LevelText& text) {
    if (tag == tags::SpecificCharacterSet) {
        // The text of JSON is UTF-8, whatever the data set had.
        if (text.has_character_set || text.empty_character_set)
            return tokens_.invalid("a repeated tag");
        const bool empty = trimmed(as_bytes(value_), vr).empty();
        (empty ? text.empty_character_set : text.has_character_set) = true;
        if (empty) return {};  // read_data_set puts it
        using Kept = JsonReadOptions::CharacterSetElement;
        if (options_.character_set_element == Kept::IsoIr192) value_ = kUtf8;
    }
    text.beyond_ascii |= uses_character_set(vr) && !is_plain_ascii(value_);
    if (value_.size() % 2 != 0) value_ += vr == vr::UI || is_binary(vr) ? '\0' : ' ';
    TRY_VOID(check_size(value_.size()));
    if (value_.size() > JsonReadBuffer::kLongLengthMax) {
        return fail(ErrorCode::LimitExceeded, "a value over 4 GiB at " + tokens_.place());
    }
    out_.put_header(tag, vr, value_.size());
    out_.append(as_bytes(value_));
    return {};
}

/// The length in front of `begin` becomes what has been written since.
Result<void> JsonReader::patch_length(std::size_t begin) {
    if (out_.patch_length(begin)) return {};
    return fail(ErrorCode::LimitExceeded, "a sequence over 4 GiB at " + tokens_.place());
}

Result<void> JsonReader::check_size(std::size_t more) const {
    if (more <= room()) return {};
    return tokens_.over_limit(options_.data_set_max_bytes);
}

Result<std::vector<ByteBuffer>> read_document(std::string_view json,
                                              const JsonReadOptions& options) {
    if (json.size() > options.json_max_bytes) {
        return fail(ErrorCode::LimitExceeded, "JSON of " + std::to_string(json.size()) +
                                                  " bytes, over the limit of " +
                                                  std::to_string(options.json_max_bytes));
    }
    const auto wrong = [](simdjson::error_code error) {
        return fail(ErrorCode::InvalidInput,
                    std::string("no JSON: ") + simdjson::error_message(error));
    };
    const JsonParserLease parser(json.size());
    document parsed;
    if (const auto error = parser->parse(json).get(parsed)) return wrong(error);
    json_type type;
    if (const auto error = parsed.type().get(type)) return wrong(error);

    std::vector<ByteBuffer> data_sets;
    if (type == json_type::array) {
        array objects;
        if (const auto error = parsed.get_array().get(objects)) return wrong(error);
        for (auto next : objects) {
            object data_set;
            if (const auto error = next.get_object().get(data_set)) return wrong(error);
            TRY(ByteBuffer bytes,
                JsonReader(options).read(std::move(data_set), data_sets.size()));
            data_sets.push_back(std::move(bytes));
        }
    } else {
        object data_set;
        if (const auto error = parsed.get_object().get(data_set)) return wrong(error);
        TRY(ByteBuffer bytes, JsonReader(options).read(std::move(data_set), std::nullopt));
        data_sets.push_back(std::move(bytes));
    }
    // Out of bounds is where it should be now.
    if (!parsed.current_location().error()) {
        return fail(ErrorCode::InvalidInput, "more than one JSON value");
    }
    return data_sets;
}

}  // namespace

Result<ByteBuffer> read_json(std::string_view json, const JsonReadOptions& options) {
    const auto first = json.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || json[first] != '{') {
        return fail(ErrorCode::InvalidInput, "no JSON object");
    }
    TRY(auto data_sets, read_document(json, options));
    return std::move(data_sets.front());
}

Result<std::vector<ByteBuffer>> read_json_array(std::string_view json,
                                                const JsonReadOptions& options) {
    return read_document(json, options);
}

}  // namespace larmor::dicom
