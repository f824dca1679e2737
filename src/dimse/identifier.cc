#include "dimse/identifier.h"

#include <algorithm>

#include "audit/query_text.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "dimse/negotiation.h"

namespace larmor::dimse {
namespace {

namespace tags = dicom::tags;
using catalog::Attribute;
using catalog::Level;

constexpr std::uint16_t kPatientGroup = 0x0010;
/// Keys of one identifier; there are 5,000 attributes, and queries name a few dozen.
constexpr std::size_t kKeysMax = 512;

bool is_patient_root(std::string_view sop_class_uid) {
    return sop_class_uid == sop_class::kPatientRootFind ||
           sop_class_uid == sop_class::kPatientRootMove ||
           sop_class_uid == sop_class::kPatientRootGet;
}

Result<QueryLevel> parse_level(std::string_view text, std::string_view sop_class_uid) {
    if (text == "PATIENT" && is_patient_root(sop_class_uid)) return QueryLevel::Patient;
    if (text == "STUDY") return QueryLevel::Study;
    if (text == "SERIES") return QueryLevel::Series;
    if (text == "IMAGE") return QueryLevel::Image;
    return fail(ErrorCode::InvalidInput, "no Query/Retrieve Level of this SOP class");
}

std::string_view text_of(QueryLevel level) {
    constexpr std::array<std::string_view, 4> kTexts{"PATIENT", "STUDY", "SERIES", "IMAGE"};
    return kTexts[static_cast<std::size_t>(level)];
}

/// Patients are no level of the catalog: their attributes are at study level there.
bool is_of_level(Attribute attribute, QueryLevel level) {
    const auto& info = catalog::info_of(attribute);
    switch (level) {
        case QueryLevel::Patient:
            return info.tag >> 16 == kPatientGroup && info.level == Level::Study;
        case QueryLevel::Study:
            return info.level == Level::Study;
        case QueryLevel::Series:
            return info.level != Level::Instance;
        case QueryLevel::Image:
            break;
    }
    return true;
}

std::optional<Attribute> attribute_of(dicom::Tag tag, std::optional<dicom::Tag> sequence) {
    const auto path = (sequence ? dicom::to_json_key(*sequence) + "." : std::string()) +
                      dicom::to_json_key(tag);
    return catalog::find_attribute(path);
}

/// Those that are about the query itself.
bool is_about_the_query(dicom::Tag tag) {
    return tag == tags::QueryRetrieveLevel || tag == tags::SpecificCharacterSet ||
           tag == tags::TimezoneOffsetFromUTC || tag.is_group_length();
}

class Parser {
public:
    explicit Parser(QueryLevel level) {
        identifier_.level = level;
        identifier_.query.append("QueryRetrieveLevel=").append(text_of(level));
    }

    Result<void> read(const dicom::Attributes& data_set) {
        TRY(identifier_.keys, read_keys(data_set, {}));
        return {};
    }
    Identifier take() { return std::move(identifier_); }

private:
    Result<std::vector<RequestedKey>> read_keys(const dicom::Attributes& data_set,
                                                std::optional<dicom::Tag> sequence) {
        std::vector<RequestedKey> keys;
        for (const auto& element : data_set.elements()) {
            if (is_about_the_query(element.tag)) continue;
            if (++keys_read_ > kKeysMax) {
                return fail(ErrorCode::LimitExceeded,
                            "more than " + std::to_string(kKeysMax) + " keys");
            }
            RequestedKey key{element.tag, element.vr, {}, {}};
            if (element.vr == dicom::vr::SQ) {
                if (!sequence) TRY_VOID(read_item(data_set, key));
            } else {
                TRY_VOID(read_key(data_set, sequence, key));
            }
            keys.push_back(std::move(key));
        }
        return keys;
    }

    /// Sequence matching has one item (PS3.4 section C.2.2.2.6).
    Result<void> read_item(const dicom::Attributes& data_set, RequestedKey& key) {
        TRY(const auto items, data_set.items(key.tag));
        if (items.empty()) return {};
        TRY(key.item, read_keys(items.front(), key.tag));
        return {};
    }

    Result<void> read_key(const dicom::Attributes& data_set, std::optional<dicom::Tag> sequence,
                          RequestedKey& key) {
        std::string value;
        for (const auto& one : data_set.texts(key.tag)) {
            value.append(value.empty() ? "" : "\\").append(one);
        }
        if (const auto number = data_set.integer(key.tag); number && value.empty()) {
            value = std::to_string(*number);
        }
        key.attribute = attribute_of(key.tag, sequence);
        if (!value.empty()) {
            audit::append_query_key(identifier_.query,
                                    key.attribute ? catalog::info_of(*key.attribute).keyword
                                                  : dicom::to_json_key(key.tag),
                                    value);
        }
        const bool known = key.attribute && is_of_level(*key.attribute, identifier_.level);
        if (!known) {
            key.attribute.reset();
            identifier_.ignores_a_key |= !value.empty();
            return {};
        }
        if (catalog::info_of(*key.attribute).matching == catalog::Matching::None) return {};
        TRY(auto condition, catalog::parse_condition(*key.attribute, value));
        if (condition) identifier_.conditions.push_back(*std::move(condition));
        return {};
    }

    Identifier identifier_;
    std::size_t keys_read_ = 0;
};

class MatchWriter {
public:
    MatchWriter(const catalog::ResultRow& row, dicom::Encoding encoding)
        : row_(row), writer_(encoding) {}

    void text(dicom::Tag tag, dicom::Vr vr, std::string_view value) {
        writer_.text(tag, vr, value);
    }
    void key(const RequestedKey& key) {
        if (key.vr == dicom::vr::SQ) {
            sequence(key);
        } else {
            value(key);
        }
    }
    ByteBuffer take() { return writer_.take(); }

private:
    void value(const RequestedKey& key) {
        const auto text =
            key.attribute ? catalog::value_of(*key.attribute, row_) : std::nullopt;
        const auto number = text ? dicom::parse_integer(*text) : std::nullopt;
        if (key.vr == dicom::vr::US && number && *number >= 0 && *number <= 0xffff) {
            writer_.number(key.tag, key.vr, static_cast<std::uint64_t>(*number));
        } else if (key.attribute && text) {
            writer_.text(key.tag, key.vr, key.vr == dicom::vr::US ? "" : *text);
        } else {
            writer_.element(key.tag, key.vr, {});
        }
    }
    /// The catalog knows one sequence; others are empty.
    void sequence(const RequestedKey& key) {
        writer_.start_sequence(key.tag, dicom::LengthForm::Defined);
        if (key.tag == tags::RequestAttributesSequence && row_.series != nullptr) {
            for (const auto& request : row_.series->series.requests) {
                writer_.start_item(dicom::LengthForm::Defined);
                for (const auto& nested : key.item) item_value(nested, request);
                writer_.end_item();
            }
        }
        writer_.end_sequence();
    }
    void item_value(const RequestedKey& key, const catalog::RequestAttributes& request) {
        if (key.attribute == Attribute::ScheduledProcedureStepID) {
            writer_.text(key.tag, key.vr, request.scheduled_procedure_step_id);
        } else if (key.attribute == Attribute::RequestedProcedureID) {
            writer_.text(key.tag, key.vr, request.requested_procedure_id);
        } else {
            writer_.element(key.tag, key.vr, {});
        }
    }

    const catalog::ResultRow& row_;
    dicom::Writer writer_;
};

bool is_ascii(Bytes bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](std::byte b) { return static_cast<unsigned>(b) < 0x80; });
}

/// What a match says without being asked, so that the next query can be made of it.
std::vector<RequestedKey> with_unique_keys(const Identifier& identifier) {
    auto keys = identifier.keys;
    const auto add = [&](Attribute attribute, dicom::Vr vr) {
        const auto tag = dicom::Tag::from(catalog::info_of(attribute).tag);
        const auto same = [&](const RequestedKey& key) { return key.tag == tag; };
        if (std::none_of(keys.begin(), keys.end(), same))
            keys.push_back({tag, vr, attribute, {}});
    };
    add(Attribute::PatientID, dicom::vr::LO);
    if (identifier.level >= QueryLevel::Study) add(Attribute::StudyInstanceUID, dicom::vr::UI);
    if (identifier.level >= QueryLevel::Series) {
        add(Attribute::SeriesInstanceUID, dicom::vr::UI);
    }
    if (identifier.level >= QueryLevel::Image) add(Attribute::SOPInstanceUID, dicom::vr::UI);
    const auto by_tag = [](const RequestedKey& a, const RequestedKey& b) {
        return a.tag < b.tag;
    };
    std::sort(keys.begin(), keys.end(), by_tag);
    return keys;
}

}  // namespace

Result<Identifier> parse_identifier(Bytes data_set, dicom::Encoding encoding,
                                    std::string_view sop_class_uid) {
    TRY(const auto attributes, dicom::Attributes::read(data_set, encoding));
    TRY(const auto level,
        parse_level(attributes.text(tags::QueryRetrieveLevel), sop_class_uid));
    Parser parser(level);
    TRY_VOID(parser.read(attributes));
    return parser.take();
}

bool names_what_to_retrieve(const Identifier& identifier) {
    constexpr std::array kUniqueKeys{Attribute::PatientID, Attribute::StudyInstanceUID,
                                     Attribute::SeriesInstanceUID, Attribute::SOPInstanceUID};
    const auto key = kUniqueKeys[static_cast<std::size_t>(identifier.level)];
    return std::any_of(identifier.conditions.begin(), identifier.conditions.end(),
                       [&](const auto& condition) {
                           return condition.attribute == key &&
                                  condition.kind == catalog::Condition::Kind::Exact;
                       });
}

ByteBuffer encode_match(const Identifier& identifier, const catalog::ResultRow& row,
                        const std::string& ae_title, dicom::Encoding encoding) {
    MatchWriter writer(row, encoding);
    bool about_written = false;
    const auto write_about = [&] {
        if (std::exchange(about_written, true)) return;
        writer.text(tags::QueryRetrieveLevel, dicom::vr::CS, text_of(identifier.level));
        writer.text(tags::RetrieveAETitle, dicom::vr::AE, ae_title);
        writer.text(tags::InstanceAvailability, dicom::vr::CS, "ONLINE");
    };
    for (const auto& key : with_unique_keys(identifier)) {
        if (key.tag == tags::RetrieveAETitle || key.tag == tags::InstanceAvailability) continue;
        if (key.tag > tags::QueryRetrieveLevel) write_about();
        writer.key(key);
    }
    write_about();
    ByteBuffer match = writer.take();
    if (is_ascii(match)) return match;
    dicom::Writer whole(encoding);
    whole.text(tags::SpecificCharacterSet, dicom::vr::CS, "ISO_IR 192");
    ByteBuffer out = whole.take();
    out.insert(out.end(), match.begin(), match.end());
    return out;
}

}  // namespace larmor::dimse
