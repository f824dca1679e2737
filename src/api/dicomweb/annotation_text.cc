#include "api/dicomweb/annotation_text.h"

#include <array>

#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;

/// A line of a picture is short: what is longer is no name.
constexpr std::size_t kTextMaxBytes = 128;

/// Without control characters, and cut at a character's border.
std::string shortened(std::string text) {
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (text.size() > kTextMaxBytes) {
        std::size_t end = kTextMaxBytes;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) {
            --end;
        }
        text.resize(end);
    }
    return text;
}

std::string date_of(const dicom::Attributes& attributes, dicom::Tag tag) {
    std::string text = attributes.text(tag);
    if (text.size() == 8) {
        text.insert(6, "-").insert(4, "-");
    }
    return text;
}

/// `a  b`, where there are both.
void append_word(std::string& line, std::string_view word) {
    if (word.empty()) {
        return;
    }
    line += line.empty() ? "" : "  ";
    line += word;
}

void add_line(std::vector<std::string>& lines, std::string line) {
    if (!line.empty()) {
        lines.push_back(shortened(std::move(line)));
    }
}

std::string name_of_patient(const dicom::Attributes& attributes) {
    const std::string value = attributes.text(tags::PatientName);
    const auto name = dicom::parse_person_name(value);
    const auto group = !name.alphabetic.empty()    ? name.alphabetic
                       : !name.ideographic.empty() ? name.ideographic
                                                   : name.phonetic;
    const auto parts = dicom::person_name_components(group);
    std::string text(parts[0]);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (!parts[i].empty()) {
            text += text.empty() ? "" : i == 1 ? ", " : " ";
            text += parts[i];
        }
    }
    return text;
}

void add_patient(const dicom::Attributes& attributes, std::vector<std::string>& lines) {
    add_line(lines, name_of_patient(attributes));
    add_line(lines, attributes.text(tags::PatientID));
    std::string line = date_of(attributes, tags::PatientBirthDate);
    append_word(line, attributes.text(tags::PatientSex));
    add_line(lines, std::move(line));
}

struct Quantity {
    dicom::Tag tag;
    std::string_view before;
    std::string_view unit;
};
constexpr std::array kQuantities = {
    Quantity{tags::KVP, "", " kV"},
    Quantity{tags::XRayTubeCurrent, "", " mA"},
    Quantity{tags::Exposure, "", " mAs"},
    Quantity{tags::MagneticFieldStrength, "", " T"},
    Quantity{tags::RepetitionTime, "TR ", " ms"},
    Quantity{tags::EchoTime, "TE ", " ms"},
    Quantity{tags::FlipAngle, "FA ", "\u00b0"},
    Quantity{tags::SliceThickness, "", " mm"},
};

void add_technique(const dicom::Attributes& attributes, std::vector<std::string>& lines) {
    std::string line = attributes.text(tags::Modality);
    append_word(line, date_of(attributes, tags::StudyDate));
    add_line(lines, std::move(line));
    add_line(lines, attributes.text(tags::SeriesDescription));
    std::string quantities;
    for (const Quantity& quantity : kQuantities) {
        const std::string value = attributes.text(quantity.tag);
        if (!value.empty()) {
            std::string word(quantity.before);
            word.append(value).append(quantity.unit);
            append_word(quantities, word);
        }
    }
    add_line(lines, std::move(quantities));
}

}  // namespace

Result<pixels::Annotation> annotation_of(const dicom::File& file, AnnotationParts parts) {
    TRY(const auto attributes,
        dicom::Attributes::read(file.data_set, file.encoding, tags::FlipAngle));
    pixels::Annotation annotation;
    if (parts.patient) {
        add_patient(attributes, annotation.top);
    }
    if (parts.technique) {
        add_technique(attributes, annotation.bottom);
    }
    return annotation;
}

}  // namespace larmor::api
