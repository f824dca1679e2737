#include <algorithm>

#include "dicom/values.h"

namespace larmor::dicom {
namespace {

constexpr Tag kSpecificCharacterSet{0x0008, 0x0005};
constexpr std::size_t kDelimiterSize = 8;

/// What lies between `value_offset` and the end of something nested, delimiter apart.
Bytes nested_value(Bytes data_set, const Token& start, std::size_t next) {
    const std::size_t delimiter = start.length == kUndefinedLength ? kDelimiterSize : 0;
    return data_set.subspan(start.value_offset, next - delimiter - start.value_offset);
}

}  // namespace

Result<Attributes> Attributes::read(Bytes data_set, Encoding encoding, Tag last,
                                    CharacterSet inherited) {
    Attributes all;
    all.data_set_ = data_set;
    all.encoding_ = encoding;
    all.character_set_ = inherited;
    Reader reader(data_set, encoding);
    // Most have a few dozen; growing from one on costs as much as reading them.
    constexpr std::size_t kExpectedMax = 64, kExpectedBytes = 16;
    all.elements_.reserve(std::min(kExpectedMax, data_set.size() / kExpectedBytes));
    bool sorted = true;
    for (Token token; reader.advance(token);) {
        if (token.kind == TokenKind::End || token.tag > last) break;
        sorted &= all.elements_.empty() || all.elements_.back().tag < token.tag;
        if (token.kind != TokenKind::Element) {
            TRY_VOID(reader.skip());
            token.value = nested_value(data_set, token, reader.offset());
        }
        all.elements_.push_back({.tag = token.tag,
                                 .vr = token.vr,
                                 .length = token.length,
                                 .offset = token.offset,
                                 .next = reader.offset(),
                                 .value = token.value});
        if (token.tag == last) break;  // what follows may be cut: nobody asked for it
    }
    if (reader.failed()) return tl::unexpected(reader.error());
    if (!sorted) {
        std::ranges::sort(all.elements_, {}, [](const DataElement& element) {
            return std::pair(element.tag, element.offset);
        });
        // The last of equals stays.
        const auto [gone, end] = std::ranges::unique(
            all.elements_.rbegin(), all.elements_.rend(), {}, &DataElement::tag);
        all.elements_.erase(all.elements_.begin(), gone.base());
    }
    if (const DataElement* element = all.find(kSpecificCharacterSet)) {
        all.character_set_ = CharacterSet(trimmed(element->value, vr::CS));
    }
    return all;
}

const DataElement* Attributes::find(Tag tag) const {
    const auto found = std::ranges::lower_bound(elements_, tag, {}, &DataElement::tag);
    return found != elements_.end() && found->tag == tag ? &*found : nullptr;
}

std::vector<std::string> Attributes::texts(Tag tag) const {
    const DataElement* element = find(tag);
    if (element == nullptr || is_binary(element->vr) || element->vr == vr::SQ) return {};
    return dicom::texts(element->value, element->vr, character_set_);
}

std::string Attributes::text(Tag tag) const {
    auto all = texts(tag);
    return all.empty() ? std::string() : std::move(all.front());
}

std::optional<std::int64_t> Attributes::integer(Tag tag, std::size_t index) const {
    const DataElement* element = find(tag);
    if (element == nullptr) return std::nullopt;
    return dicom::integer(element->value, element->vr, encoding_.order, index);
}

std::optional<double> Attributes::decimal(Tag tag, std::size_t index) const {
    const DataElement* element = find(tag);
    if (element == nullptr) return std::nullopt;
    return dicom::decimal(element->value, element->vr, encoding_.order, index);
}

std::vector<double> Attributes::decimals(Tag tag) const {
    std::vector<double> all;
    const DataElement* element = find(tag);
    if (element == nullptr) return all;
    if (element->vr == vr::DS || element->vr == vr::IS) {
        for (const std::string& text : texts(tag)) {
            const auto number = parse_decimal(text);
            if (!number) return {};
            all.push_back(*number);
        }
        return all;
    }
    const std::size_t count = value_count(element->value, element->vr);
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = dicom::decimal(element->value, element->vr, encoding_.order, i);
        if (!number) return {};
        all.push_back(*number);
    }
    return all;
}

std::optional<Date> Attributes::date(Tag tag) const {
    return parse_date(text(tag));
}

std::optional<std::chrono::microseconds> Attributes::time(Tag tag) const {
    return parse_time(text(tag));
}

Result<std::vector<Attributes>> Attributes::items(Tag sequence) const {
    std::vector<Attributes> items;
    const DataElement* element = find(sequence);
    if (element == nullptr) return items;
    // From the start: in Implicit VR what comes before can tell that it is a sequence.
    Reader reader(data_set_, encoding_);
    Token token;
    while (reader.advance(token) && token.offset < element->offset) TRY_VOID(reader.skip());
    if (reader.failed()) return tl::unexpected(reader.error());
    if (token.kind != TokenKind::SequenceStart) return items;
    while (reader.advance(token) && token.kind == TokenKind::ItemStart) {
        const Encoding encoding = reader.encoding();  // another inside UN of undefined length
        TRY_VOID(reader.skip());
        TRY(Attributes item, Attributes::read(nested_value(data_set_, token, reader.offset()),
                                              encoding, {0xffff, 0xffff}, character_set_));
        items.push_back(std::move(item));
    }
    if (reader.failed()) return tl::unexpected(reader.error());
    return items;
}

}  // namespace larmor::dicom
