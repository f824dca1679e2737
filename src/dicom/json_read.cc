#include "dicom/json_read.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/base64.h"
#include "dicom/charset.h"
#include "dicom/json_parser_internal.h"
#include "dicom/json_read_buffer.h"
#include "dicom/json_read_value.h"
#include "dicom/json_step.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

using simdjson::ondemand::array;
using simdjson::ondemand::document;
using simdjson::ondemand::field;
using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::raw_json_string;
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
        std::optional<JsonStep> step;
        if (index) step.emplace(step_, *index);
        TRY_VOID(read_data_set(std::move(data_set), 0));
        return out_.take();
    }

private:
    Result<LevelText> read_data_set(object data_set, unsigned depth);
    Result<void> read_element(value content, Tag tag, LevelText& text, unsigned depth);
    Result<Vr> vr_of_letters(std::string_view letters, Tag tag) const;
    Result<Vr> find_vr(object& element, Tag tag) const;
    Result<void> read_sequence(array items, Tag tag, LevelText& text, unsigned depth);
    Result<void> read_values(array values, Vr vr);
    Result<void> read_value(value item, Vr vr);
    Result<void> read_name(object groups);
    Result<std::string_view> content_of(value text) const;
    Result<std::string_view> read_string(value text);
    Result<void> read_inline_binary(value base64, Vr vr);
    /// True when the value is fragments, and stands in the buffer.
    Result<bool> read_bulk_data(value uri, Tag tag, Vr vr, unsigned depth);
    Result<void> put_value(Tag tag, Vr vr, LevelText& text);
    Result<void> patch_length(std::size_t begin);
    Result<void> sort(std::size_t first_member);
    Result<void> check_size(std::size_t more) const;

    tl::unexpected<Error> invalid(std::string what) const {
        return fail(ErrorCode::InvalidInput, std::move(what) + " at " + place());
    }
    std::string place() const { return "JSON pointer \"" + JsonStep::pointer_to(step_) + "\""; }
    /// Into `out`: each copy of what was just read waits for the one before.
    template <typename T>
    Result<void> take(simdjson::simdjson_result<T>&& result, T& out) const {
        if (const auto error = std::move(result).get(out)) {
            return invalid(simdjson::error_message(error));
        }
        return {};
    }
    /// The name of a member, which is then `next`'s value.
    Result<raw_json_string> name_of(simdjson::simdjson_result<field>& next) const {
        if (next.error()) return invalid(simdjson::error_message(next.error()));
        return next.key().value_unsafe();
    }

    const JsonReadOptions& options_;
    JsonReadBuffer out_;
    std::string value_;                            ///< of the data element under way
    std::vector<JsonReadBuffer::Member> members_;  ///< of all open objects
    const JsonStep* step_ = nullptr;               ///< the innermost
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
        TRY(const auto name, name_of(next));
        const std::string_view key = tag_key(name);
        const auto parsed = key.empty() ? parse_tag("") : parse_tag(key);
        if (!parsed) return invalid("a name that is no tag in the object");
        const JsonStep step(step_, key);
        const Tag tag = *parsed;
        if (tag.group == kItem.group) return invalid("the tag of an item or delimiter");
        value element;
        TRY_VOID(take(next.value(), element));

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
    const JsonStep step(step_, key);
    return invalid("a repeated tag");
}

Result<Vr> JsonReader::vr_of_letters(std::string_view letters, Tag tag) const {
    Vr vr = letters.size() == 2 ? vr_of(letters[0], letters[1]) : Vr{};
    if (!is_known(vr)) {
        const auto other = options_.other_vr ? options_.other_vr(tag, letters) : std::nullopt;
        if (!other) return invalid("a vr that is none of the standard's");
        vr = *other;
    }
    if (tag == tags::SpecificCharacterSet && vr != vr::CS) {
        return invalid("a Specific Character Set whose vr is not CS");
    }
    return vr;
}

/// Looks for it among all members.
Result<Vr> JsonReader::find_vr(object& element, Tag tag) const {
    auto found = element.find_field_unordered("vr");
    std::string_view letters;
    if (found.error() != simdjson::NO_SUCH_FIELD || !options_.other_vr) {
        TRY_VOID(take(found.get_string(), letters));
    }
    if (element.reset().error()) return invalid("an object that cannot be read");
    return vr_of_letters(letters, tag);
}

Result<void> JsonReader::read_element(value content, Tag tag, LevelText& text, unsigned depth) {
    const std::string_view brace = content.raw_json_token();
    // Behind the brace, and as many blanks as there are, stands the first name.
    constexpr std::string_view kFirstName = "\"vr\"";
    const bool vr_is_first =
        std::string_view(brace.data() + brace.size(), kFirstName.size()) == kFirstName;
    object element;
    TRY_VOID(take(content.get_object(), element));
    std::optional<Vr> known_vr;
    if (!vr_is_first) {
        TRY(known_vr, find_vr(element, tag));
    }

    value_.clear();
    bool is_written = false;  // its items or fragments come straight into the buffer
    bool has_vr = false;
    bool has_value = false;
    for (auto next : element) {
        TRY(const auto name, name_of(next));
        if (name == "vr") {
            if (std::exchange(has_vr, true)) return invalid("a repeated vr");
            if (known_vr) continue;
            value letters;
            TRY_VOID(take(next.value(), letters));
            TRY(const auto letters_text, content_of(std::move(letters)));
            TRY(known_vr, vr_of_letters(letters_text, tag));
            continue;
        }
        const Vr vr = *known_vr;
        const bool is_value = name == "Value";
        const bool is_binary_value = name == "InlineBinary";
        if (!is_value && !is_binary_value && !(name == "BulkDataURI")) {
            return invalid("a member other than vr, Value, InlineBinary and BulkDataURI");
        }
        if (std::exchange(has_value, true)) return invalid("more than one value");
        const JsonStep step(step_, is_value          ? "Value"
                                   : is_binary_value ? "InlineBinary"
                                                     : "BulkDataURI");
        if (is_value) {
            array values;
            TRY_VOID(take(next.value().get_array(), values));
            TRY_VOID(vr == vr::SQ ? read_sequence(std::move(values), tag, text, depth)
                                  : read_values(std::move(values), vr));
            continue;
        }
        value stored;
        TRY_VOID(take(next.value(), stored));
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
                                                  " nested sequences at " + place());
    }
    out_.put_header(tag, vr::SQ, 0);
    const std::size_t begin = out_.size();
    std::size_t index = 0;
    for (auto next : items) {
        const JsonStep step(step_, index++);
        value item;
        TRY_VOID(take(std::move(next), item));
        out_.put_header(kItem, Vr{}, 0);
        const std::size_t item_begin = out_.size();
        bool is_null = false;
        TRY_VOID(take(item.is_null(), is_null));
        if (!is_null) {
            object data_set;
            TRY_VOID(take(item.get_object(), data_set));
            TRY(const LevelText nested, read_data_set(std::move(data_set), depth + 1));
            text.beyond_ascii |= nested.beyond_ascii && !nested.has_character_set;
        }
        TRY_VOID(patch_length(item_begin));
    }
    return patch_length(begin);
}

Result<void> JsonReader::read_values(array values, Vr vr) {
    if (is_binary(vr)) return invalid("Value for a vr that has InlineBinary");
    std::size_t index = 0;
    for (auto next : values) {
        const JsonStep step(step_, index);
        value item;
        TRY_VOID(take(std::move(next), item));
        if (index > 0) {
            if (is_json_text(vr) && !splits_at_backslash(vr)) {
                return invalid("a second value for VR " + to_string(vr));
            }
            if (is_json_text(vr)) value_ += '\\';
        }
        ++index;
        TRY_VOID(read_value(std::move(item), vr));
        TRY_VOID(check_size(value_.size()));
    }
    return {};
}

Result<void> JsonReader::read_value(value item, Vr vr) {
    JsonScalar scalar;
    json_type type{};
    TRY_VOID(take(item.type(), type));
    switch (type) {
        case json_type::null: {
            bool is_null = false;
            TRY_VOID(take(item.is_null(), is_null));
            if (!is_null) return invalid("a literal that is none");
            if (is_json_text(vr)) return {};
            return invalid("null for a number of fixed size");
        }
        case json_type::string: {
            TRY(scalar.text, content_of(std::move(item)));
            break;
        }
        case json_type::number: {
            scalar.is_number = true;
            std::string_view token = item.raw_json_token();
            // Checked as JSON by reading it; what counts are its digits.
            double number = 0;
            TRY_VOID(take(item.get_double(), number));
            while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') {
                token.remove_suffix(1);
            }
            scalar.text = token;
            break;
        }
        case json_type::object: {
            if (vr != vr::PN) return invalid("an object as value");
            object groups;
            TRY_VOID(take(item.get_object(), groups));
            return read_name(std::move(groups));
        }
        default:
            return invalid("a value that is neither number, string nor null");
    }
    auto done = append_json_value(value_, scalar, vr, options_.long_decimals);
    if (!done) return invalid(std::move(done.error().message));
    return {};
}

Result<void> JsonReader::read_name(object groups) {
    constexpr std::array<std::string_view, 3> kNames{"Alphabetic", "Ideographic", "Phonetic"};
    std::array<std::string_view, 3> texts{};
    for (auto next : groups) {
        TRY(const auto key, name_of(next));
        std::size_t i = 0;
        while (i < kNames.size() && !(key == kNames[i])) ++i;
        if (i == kNames.size()) return invalid("an unknown component group of a name");
        const JsonStep step(step_, kNames[i]);
        value group;
        TRY_VOID(take(next.value(), group));
        bool is_null = false;
        TRY_VOID(take(group.is_null(), is_null));
        if (is_null) continue;
        TRY(texts[i], content_of(std::move(group)));
        if (texts[i].find('=') != std::string_view::npos) {
            return invalid("a delimiter of component groups");
        }
    }
    value_ += texts[0];
    if (!texts[1].empty() || !texts[2].empty()) (value_ += '=') += texts[1];
    if (!texts[2].empty()) (value_ += '=') += texts[2];
    return {};
}

/// The content of a string: where nothing in it is escaped, as most, as it stands.
Result<std::string_view> JsonReader::content_of(value text) const {
    const std::string_view token = text.raw_json_token();
    const bool is_plain = token.find('\\') == std::string_view::npos;
    if (!is_plain) {
        std::string_view content;
        TRY_VOID(take(text.get_string(), content));
        return content;
    }
    raw_json_string content;
    TRY_VOID(take(text.get_raw_json_string(), content));
    // What is no string was an error; behind the closing quote stand blanks at most.
    return token.substr(1, token.rfind('"') - 1);
}

/// The string itself, or the first one of an array, as the example of PS3.18 section F.4 has
/// it.
Result<std::string_view> JsonReader::read_string(value text) {
    json_type type{};
    TRY_VOID(take(text.type(), type));
    if (type != json_type::array) return content_of(std::move(text));
    array texts;
    TRY_VOID(take(text.get_array(), texts));
    std::optional<std::string_view> first;
    for (auto next : texts) {
        if (first) return invalid("more than one value");
        value one;
        TRY_VOID(take(std::move(next), one));
        TRY(first, content_of(std::move(one)));
    }
    return first.value_or("");
}

Result<void> JsonReader::read_inline_binary(value base64, Vr vr) {
    if (!is_binary(vr)) return invalid("InlineBinary for a vr that has Value");
    TRY(const std::string_view text, read_string(std::move(base64)));
    TRY_VOID(check_size(text.size() / 4 * 3));
    const auto bytes = from_base64(text);
    if (!bytes) return invalid("InlineBinary that is not base64");
    value_ = as_text(*bytes);
    return {};
}

Result<bool> JsonReader::read_bulk_data(value uri, Tag tag, Vr vr, unsigned depth) {
    if (vr == vr::SQ) return invalid("BulkDataURI for a sequence");
    TRY(const std::string_view text, read_string(std::move(uri)));
    if (!options_.bulk_data) {
        return fail(ErrorCode::Unsupported, "BulkDataURI without access to it at " + place());
    }
    TRY(const BulkData bulk, options_.bulk_data({text, tag, vr, depth}));
    TRY_VOID(check_size(bulk.value.size()));
    if (!bulk.encapsulated) {
        value_ = as_text(bulk.value);
        return false;
    }
    if (vr != vr::OB && vr != vr::OW) return invalid("fragments in VR " + to_string(vr));
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
            return invalid("a repeated tag");
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
        return fail(ErrorCode::LimitExceeded, "a value over 4 GiB at " + place());
    }
    out_.put_header(tag, vr, value_.size());
    out_.append(as_bytes(value_));
    return {};
}

/// The length in front of `begin` becomes what has been written since.
Result<void> JsonReader::patch_length(std::size_t begin) {
    if (out_.patch_length(begin)) return {};
    return fail(ErrorCode::LimitExceeded, "a sequence over 4 GiB at " + place());
}

Result<void> JsonReader::check_size(std::size_t more) const {
    const std::size_t limit = options_.data_set_max_bytes;
    if (out_.size() <= limit && more <= limit - out_.size()) return {};
    return fail(ErrorCode::LimitExceeded,
                "a data set over " + std::to_string(limit) + " bytes at " + place());
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
