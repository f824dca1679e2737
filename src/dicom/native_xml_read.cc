#include "dicom/native_xml_read.h"

#include <expat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/json_text.h"
#include "dicom/tag.h"
#include "dicom/vr.h"

namespace larmor::dicom {
namespace {

constexpr std::size_t kSequencesMax = 64;
constexpr std::size_t kValuesMissingMax = 65'536;
constexpr std::string_view kNamespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";
constexpr std::array<std::string_view, 5> kNameComponents = {
    "FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"};

/// What is open at the moment, and so what may stand in it.
enum class Place : std::uint8_t {
    Document,
    DataSet,  ///< the root or an Item
    Attribute,
    Value,
    PersonName,
    NameGroup,
    Component,
    InlineBinary,
    BulkData,
};

/// One data element while it is read.
struct OpenAttribute {
    Tag tag;
    std::string vr;
    std::string private_creator;
    std::string values;  ///< of the JSON array
    std::size_t value_count = 0;
    std::string last_value;  ///< where it is text
    std::optional<std::string> binary;
    std::optional<std::string> bulk_uri;
};

/// A data set while it is read: what is done of it, and the private element that is not.
struct OpenDataSet {
    std::map<std::uint32_t, std::string> elements;  ///< JSON by tag
    std::vector<std::pair<std::string, OpenAttribute>> of_creators;
    std::map<std::pair<std::uint16_t, std::string>, unsigned> blocks;
    OpenAttribute attribute;
};

std::uint32_t number_of(Tag tag) {
    return static_cast<std::uint32_t>(tag.group) << 16U | tag.element;
}

std::string json_of(const OpenAttribute& attribute) {
    std::string json = R"({"vr":)";
    append_json_string(json, attribute.vr);
    if (attribute.bulk_uri) {
        json += R"(,"BulkDataURI":)";
        append_json_string(json, *attribute.bulk_uri);
    } else if (attribute.binary) {
        json += R"(,"InlineBinary":)";
        append_json_string(json, *attribute.binary);
    } else if (attribute.value_count > 0) {
        json.append(R"(,"Value":[)").append(attribute.values).append("]");
    }
    return json + '}';
}

class NativeXmlReader {
public:
    Result<std::string> read(std::string_view document) {
        const std::unique_ptr<std::remove_pointer_t<XML_Parser>, void (*)(XML_Parser)> parser(
            XML_ParserCreateNS(nullptr, ' '), XML_ParserFree);
        if (!parser) return fail(ErrorCode::Unavailable, "XML: no memory");
        parser_ = parser.get();
        XML_SetUserData(parser_, this);
        XML_SetElementHandler(parser_, &on_begin, &on_end);
        XML_SetCharacterDataHandler(parser_, &on_text);
        XML_SetStartDoctypeDeclHandler(parser_, &on_doctype);
        constexpr std::size_t kPiece = std::size_t{1} << 24;  // expat counts in int
        do {
            const auto piece = document.substr(0, kPiece);
            document.remove_prefix(piece.size());
            const auto status = XML_Parse(parser_, piece.data(), static_cast<int>(piece.size()),
                                          document.empty() ? 1 : 0);
            if (error_) return tl::unexpected(*error_);
            if (status != XML_STATUS_OK) {
                return invalid(XML_ErrorString(XML_GetErrorCode(parser_)));
            }
        } while (!document.empty());
        return std::move(json_);
    }

private:
    tl::unexpected<Error> invalid(std::string_view what) const {
        return fail(ErrorCode::InvalidInput,
                    "XML: line " + std::to_string(XML_GetCurrentLineNumber(parser_)) + ": " +
                        std::string(what));
    }

    // Expat's handlers: an error stops the parser, which then calls no more of them.
    void keep(Result<void> outcome) {
        if (outcome || error_) return;
        error_ = std::move(outcome).error();
        XML_StopParser(parser_, XML_FALSE);
    }
    static void on_begin(void* self, const char* name, const char** attributes) {
        auto& reader = *static_cast<NativeXmlReader*>(self);
        reader.keep(reader.begin(name, attributes));
    }
    static void on_end(void* self, const char* /*name*/) {
        auto& reader = *static_cast<NativeXmlReader*>(self);
        reader.keep(reader.end());
    }
    static void on_text(void* self, const char* text, int size) {
        auto& reader = *static_cast<NativeXmlReader*>(self);
        const Place place = reader.place();
        if (place == Place::Value || place == Place::Component ||
            place == Place::InlineBinary) {
            reader.text_.append(text, static_cast<std::size_t>(size));
        }
    }
    static void on_doctype(void* self, const char*, const char*, const char*, int) {
        auto& reader = *static_cast<NativeXmlReader*>(self);
        reader.keep(reader.invalid("a document type declaration is not taken"));
    }

    Place place() const { return places_.back(); }
    OpenDataSet& data_set() { return data_sets_.back(); }
    OpenAttribute& attribute() { return data_set().attribute; }

    static std::string_view attribute_of(const char** attributes, std::string_view name) {
        for (; *attributes != nullptr; attributes += 2) {
            if (name == attributes[0]) return attributes[1];
        }
        return {};
    }

    Result<void> begin(std::string_view name, const char** attributes) {
        // With a name space or, as many write it, without.
        if (name.starts_with(kNamespace)) name.remove_prefix(kNamespace.size() + 1);
        text_.clear();
        switch (place()) {
            case Place::Document:
                if (name == "NativeDicomModel") return open_data_set();
                break;
            case Place::DataSet:
                if (name == "DicomAttribute") return open_attribute(attributes);
                break;
            case Place::Attribute:
                return open_content(name, attributes);
            case Place::PersonName:
                if (name == "Alphabetic" || name == "Ideographic" || name == "Phonetic") {
                    group_ = name;
                    components_ = {};
                    return open(Place::NameGroup);
                }
                break;
            case Place::NameGroup:
                component_ = static_cast<std::size_t>(std::ranges::find(kNameComponents, name) -
                                                      kNameComponents.begin());
                if (component_ < kNameComponents.size()) return open(Place::Component);
                break;
            default:
                break;
        }
        return invalid("an element that does not belong there");
    }

    Result<void> open(Place inner) {
        places_.push_back(inner);
        return {};
    }
    Result<void> open_data_set() {
        if (data_sets_.size() > kSequencesMax) {
            return fail(ErrorCode::LimitExceeded, "XML: more than " +
                                                      std::to_string(kSequencesMax) +
                                                      " sequences within sequences");
        }
        data_sets_.emplace_back();
        return open(Place::DataSet);
    }

    Result<void> open_attribute(const char** attributes) {
        OpenAttribute opened;
        const auto tag = parse_tag(attribute_of(attributes, "tag"));
        if (!tag) return invalid("DicomAttribute has no tag");
        opened.tag = *tag;
        opened.vr = attribute_of(attributes, "vr");
        if (opened.vr.size() != 2) return invalid("DicomAttribute has no vr");
        opened.private_creator = attribute_of(attributes, "privateCreator");
        data_set().attribute = std::move(opened);
        return open(Place::Attribute);
    }

    Result<void> open_content(std::string_view name, const char** attributes) {
        const std::string_view vr = attribute().vr;
        if (name == "InlineBinary") return open(Place::InlineBinary);
        if (name == "BulkData") {
            std::string_view uri = attribute_of(attributes, "uri");
            if (uri.empty()) uri = attribute_of(attributes, "uuid");
            if (uri.empty()) return invalid("BulkData has neither uri nor uuid");
            attribute().bulk_uri = uri;
            return open(Place::BulkData);
        }
        const bool belongs = vr == "SQ"   ? name == "Item"
                             : vr == "PN" ? name == "PersonName"
                                          : name == "Value";
        if (!belongs) return invalid("an element that does not belong into this VR");
        TRY_VOID(begin_value(attribute_of(attributes, "number")));
        if (vr == "SQ") return open_data_set();
        if (vr == "PN") attribute().values += '{';
        return open(vr == "PN" ? Place::PersonName : Place::Value);
    }

    /// Numbers rise; what lies between is empty.
    Result<void> begin_value(std::string_view number) {
        OpenAttribute& open = attribute();
        std::size_t wanted = 0;
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), wanted);
        if (error != std::errc() || end != number.data() + number.size() ||
            wanted <= open.value_count) {
            return invalid("the numbers of values do not rise from 1");
        }
        missing_ += wanted - open.value_count - 1;
        if (wanted > std::numeric_limits<std::uint32_t>::max() ||
            missing_ > kValuesMissingMax) {
            return fail(
                ErrorCode::LimitExceeded,
                "XML: more than " + std::to_string(kValuesMissingMax) + " values are left out");
        }
        while (open.value_count + 1 < wanted) {
            open.values += open.value_count++ == 0 ? "null" : ",null";
        }
        if (open.value_count++ > 0) open.values += ',';
        return {};
    }

    Result<void> end() {
        const Place ended = place();
        places_.pop_back();
        switch (ended) {
            case Place::Value:
                end_value();
                break;
            case Place::Component:
                components_[component_] = text_;
                break;
            case Place::NameGroup:
                end_name_group();
                break;
            case Place::PersonName:
                attribute().values += '}';
                break;
            case Place::InlineBinary:
                std::erase_if(text_, [](char c) {
                    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
                });
                attribute().binary = text_;
                break;
            case Place::Attribute:
                return end_attribute();
            case Place::DataSet:
                return end_data_set();
            default:
                break;
        }
        return {};
    }

    void end_value() {
        if (text_.empty()) {
            attribute().values += "null";
        } else {
            append_json_string(attribute().values, text_);
        }
        attribute().last_value = std::exchange(text_, {});
    }

    void end_name_group() {
        std::string name;
        for (const auto& component : components_) {
            if (!name.empty() || &component != components_.data()) name += '^';
            name += component;
        }
        while (name.ends_with('^')) name.pop_back();
        std::string& values = attribute().values;
        if (!values.ends_with('{')) values += ',';
        append_json_string(values, group_);
        values += ':';
        append_json_string(values, name);
    }

    Result<void> end_attribute() {
        OpenDataSet& set = data_set();
        OpenAttribute done = std::move(set.attribute);
        set.attribute = {};
        const Tag tag = done.tag;
        if (!done.private_creator.empty()) {
            if (!tag.is_private() || tag.element > 0xff) {
                return invalid("privateCreator at a tag that is not gggg00ee of an odd group");
            }
            std::string creator = std::move(done.private_creator);
            set.of_creators.emplace_back(std::move(creator), std::move(done));
            return {};
        }
        if (tag.is_private() && tag.element >= 0x10 && tag.element <= 0xff &&
            done.value_count == 1) {
            set.blocks.try_emplace({tag.group, done.last_value}, tag.element);
        }
        return add(tag, json_of(done));
    }

    Result<void> add(Tag tag, std::string json) {
        const auto [at, is_new] =
            data_set().elements.try_emplace(number_of(tag), std::move(json));
        return is_new ? Result<void>{}
                      : invalid("the tag " + to_json_key(tag) + " is there twice");
    }

    /// Private elements last: only now are all creators of the data set known.
    Result<void> add_private_elements() {
        for (auto& [creator, element] : data_set().of_creators) {
            const std::uint16_t group = element.tag.group;
            auto block = data_set().blocks.find({group, creator});
            if (block == data_set().blocks.end()) {
                unsigned free = 0x10;
                while (data_set().elements.contains(
                    number_of(Tag(group, static_cast<std::uint16_t>(free))))) {
                    if (++free > 0xff) return invalid("no block is left for a private creator");
                }
                const Tag tag(group, static_cast<std::uint16_t>(free));
                TRY_VOID(add(tag, R"({"vr":"LO","Value":[)" + to_json_string(creator) + "]}"));
                block = data_set().blocks.emplace(std::pair(group, creator), free).first;
            }
            const auto place =
                static_cast<std::uint16_t>(block->second << 8U | (element.tag.element & 0xffU));
            TRY_VOID(add(Tag(group, place), json_of(element)));
        }
        return {};
    }

    Result<void> end_data_set() {
        TRY_VOID(add_private_elements());
        std::string json = "{";
        for (const auto& [number, element] : data_set().elements) {
            const Tag tag(static_cast<std::uint16_t>(number >> 16U),
                          static_cast<std::uint16_t>(number & 0xffffU));
            json.append(json.size() > 1 ? ",\"" : "\"").append(to_json_key(tag)).append("\":");
            json += element;
        }
        json += '}';
        data_sets_.pop_back();
        if (data_sets_.empty()) {
            json_ = std::move(json);
        } else {
            attribute().values += json;
        }
        return {};
    }

    XML_Parser parser_ = nullptr;
    std::optional<Error> error_;
    std::vector<Place> places_ = {Place::Document};
    std::vector<OpenDataSet> data_sets_;
    std::string text_;
    std::string group_;
    std::array<std::string, kNameComponents.size()> components_;
    std::size_t component_ = 0;
    std::size_t missing_ = 0;  ///< values that were left out, of the whole document
    std::string json_;
};

}  // namespace

Result<std::string> json_of_native_xml(std::string_view document) {
    return NativeXmlReader().read(document);
}

}  // namespace larmor::dicom
