#include "edits/apply_data_set.h"

#include <algorithm>
#include <array>

#include "dicom/charset.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "edits/apply_json.h"
#include "edits/json_parts.h"
#include "edits/original_attributes.h"

namespace larmor::edits {
namespace {

namespace tags = dicom::tags;

/// JSON and back must change no VR.
dicom::JsonWriteOptions as_stored() {
    return {.bulk_data_uri = nullptr,
            .unknown_vr = dicom::JsonWriteOptions::UnknownVr::AsStored};
}

Result<ByteBuffer> in_encoding(Bytes explicit_little, dicom::Encoding encoding) {
    ByteBuffer out;
    TRY_VOID(dicom::rewrite(explicit_little, dicom::kExplicitLittle, encoding,
                            dicom::Preserve::No, out));
    return out;
}

/// The data elements of the top level; what was not changed is a view of the data set.
class Elements {
public:
    static Result<Elements> read(Bytes data_set, dicom::Encoding encoding) {
        Elements all;
        dicom::Reader reader(data_set, encoding);
        TRY(dicom::Token token, reader.next());
        while (token.kind != dicom::TokenKind::End) {
            const dicom::Tag tag = token.tag;
            const std::size_t begin = token.offset;
            if (token.kind != dicom::TokenKind::Element) TRY_VOID(reader.skip());
            TRY(token, reader.next());
            if (tag.is_group_length()) continue;
            all.elements_.push_back({tag, data_set.subspan(begin, token.offset - begin), {}});
        }
        std::ranges::stable_sort(all.elements_, {}, &Element::tag);
        return all;
    }

    /// Empty where there is none.
    Bytes find(dicom::Tag tag) const {
        const auto found = std::ranges::lower_bound(elements_, tag, {}, &Element::tag);
        return found == elements_.end() || found->tag != tag ? Bytes() : found->bytes();
    }
    /// Empty: removes it.
    void set(dicom::Tag tag, ByteBuffer bytes) {
        const auto [begin, end] = std::ranges::equal_range(elements_, tag, {}, &Element::tag);
        const auto at = elements_.erase(begin, end);
        if (!bytes.empty()) elements_.insert(at, {tag, {}, std::move(bytes)});
    }
    ByteBuffer joined() const {
        ByteBuffer out;
        std::size_t size = 0;
        for (const Element& element : elements_) size += element.bytes().size();
        out.reserve(size);
        for (const Element& element : elements_) append(out, element.bytes());
        return out;
    }

    static void append(ByteBuffer& out, Bytes bytes) {
        out.insert(out.end(), bytes.begin(), bytes.end());
    }

private:
    struct Element {
        dicom::Tag tag;
        Bytes stored;
        ByteBuffer made;
        Bytes bytes() const { return made.empty() ? stored : Bytes(made); }
    };
    std::vector<Element> elements_;
};

/// An element of the data set as DICOM JSON; empty where there is none.
Result<std::string> json_of(const Elements& elements, dicom::Encoding encoding,
                            dicom::Tag tag) {
    if (elements.find(tag).empty()) return std::string();
    // What the meaning of its values depends on comes before it.
    ByteBuffer some;
    for (const dicom::Tag before : {tags::SpecificCharacterSet, tags::PixelRepresentation}) {
        if (before < tag) Elements::append(some, elements.find(before));
    }
    Elements::append(some, elements.find(tag));
    std::string json;
    TRY_VOID(dicom::write_json(json, some, encoding, as_stored()));
    TRY(const auto members, members_of(json));
    return std::string(find_member(members, dicom::to_json_key(tag)).value_or(""));
}

/// A whole element from its JSON.
Result<ByteBuffer> encode(dicom::Tag tag, const std::string& element,
                          dicom::Encoding encoding) {
    const auto bytes =
        dicom::read_json("{\"" + dicom::to_json_key(tag) + "\":" + element + '}');
    if (!bytes) return fail(ErrorCode::Corrupt, "a stored change: " + bytes.error().message);
    TRY(const auto found, dicom::find(*bytes, dicom::kExplicitLittle, tag));
    if (!found) return fail(ErrorCode::Corrupt, "a stored change has no data element");
    const Bytes whole = Bytes(*bytes).subspan(found->offset, found->next - found->offset);
    return in_encoding(whole, encoding);
}

void append_item_header(ByteBuffer& out, dicom::Tag tag, std::uint32_t length) {
    dicom::append_header(tag, dicom::vr::UN, length, 0, dicom::VrForm::Implicit, out);
}

/// Original Attributes Sequence with one item more.
Result<ByteBuffer> original_attributes(Bytes there, const Elements& before,
                                       dicom::Encoding encoding, const Changes& changes) {
    ByteBuffer out;
    const auto start = [&](dicom::Tag tag) {
        dicom::append_header(tag, dicom::vr::SQ, dicom::kUndefinedLength, 0, encoding.vr, out);
    };
    const auto text = [&](dicom::Tag tag, dicom::Vr vr, std::string_view value) {
        dicom::Writer writer(encoding, std::move(out));
        writer.text(tag, vr, value);
        out = writer.take();
    };
    start(kOriginalAttributesSequence);
    if (!there.empty()) {
        TRY(const auto found, dicom::find(there, encoding, kOriginalAttributesSequence));
        if (found) Elements::append(out, found->value);
    }
    append_item_header(out, dicom::kItem, dicom::kUndefinedLength);
    start(kModifiedAttributesSequence);
    append_item_header(out, dicom::kItem, dicom::kUndefinedLength);
    for (const dicom::Tag tag : changed_elements(changes)) {
        Elements::append(out, before.find(tag));
    }
    append_item_header(out, dicom::kItemDelimitation, 0);
    append_item_header(out, dicom::kSequenceDelimitation, 0);
    text(kAttributeModificationDateTime, dicom::vr::DT, modification_time(changes));
    text(kModifyingSystem, dicom::vr::LO, kModifyingSystemName);
    text(kSourceOfPreviousValues, dicom::vr::LO, {});
    text(kReasonForTheAttributeModification, dicom::vr::CS, kModificationReason);
    append_item_header(out, dicom::kItemDelimitation, 0);
    append_item_header(out, dicom::kSequenceDelimitation, 0);
    return out;
}

Result<bool> is_utf8_throughout(Bytes data_set, dicom::Encoding encoding) {
    TRY(const auto declared, dicom::find(data_set, encoding, tags::SpecificCharacterSet));
    return declared &&
           dicom::CharacterSet(dicom::trimmed(declared->value, dicom::vr::CS)).is_utf8();
}

Result<ByteBuffer> as_utf8(Bytes data_set, dicom::Encoding encoding) {
    std::string json;
    TRY_VOID(dicom::write_json(json, data_set, encoding, as_stored()));
    // So that it is declared where nothing in it is beyond ASCII yet.
    TRY(json,
        apply_to_json(json,
                      {{.path = {.steps = {}, .tag = tags::SpecificCharacterSet, .item = {}},
                        .element = R"({"vr":"CS","Value":["ISO_IR 192"]})",
                        .version = 0,
                        .time = {}}},
                      OriginalAttributes::Leave));
    TRY(const ByteBuffer bytes, dicom::read_json(json));
    return in_encoding(bytes, encoding);
}

Result<ByteBuffer> apply(Bytes data_set, dicom::Encoding encoding, const Changes& changes) {
    TRY(auto elements, Elements::read(data_set, encoding));
    const Elements before = elements;
    for (const dicom::Tag tag : changed_elements(changes)) {
        Changes of_tag;
        for (const Change& change : changes) {
            if (change.path.outermost() == tag) of_tag.push_back(change);
        }
        std::string there;
        if (!of_tag.front().path.is_top_level()) {
            TRY(there, json_of(before, encoding, tag));
        }
        TRY(const std::string element, apply_to_element(there, of_tag));
        ByteBuffer made;
        if (!element.empty()) {
            TRY(made, encode(tag, element, encoding));
        }
        elements.set(tag, std::move(made));
    }
    TRY(auto original, original_attributes(before.find(kOriginalAttributesSequence), before,
                                           encoding, changes));
    elements.set(kOriginalAttributesSequence, std::move(original));
    return elements.joined();
}

}  // namespace

Result<ByteBuffer> apply_to_data_set(Bytes data_set, dicom::Encoding encoding,
                                     const Changes& changes) {
    if (encoding.order != dicom::ByteOrder::Little) {
        return fail(ErrorCode::Unsupported, "data sets are written in Little Endian only");
    }
    if (!has_text_beyond_ascii(changes)) return apply(data_set, encoding, changes);
    TRY(const bool is_utf8, is_utf8_throughout(data_set, encoding));
    if (is_utf8) return apply(data_set, encoding, changes);
    TRY(const ByteBuffer again, as_utf8(data_set, encoding));
    return apply(again, encoding, changes);
}

}  // namespace larmor::edits
