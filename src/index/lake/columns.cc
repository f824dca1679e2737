#include "index/lake/columns.h"

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "dicom/dictionary.h"
#include "dicom/tags.h"

namespace larmor::index::lake {
namespace {

using Keywords = std::span<const std::string_view>;

// No keyword stands in two of them: the staged rows of a document have one column each.
constexpr auto kPatient =
    std::to_array<std::string_view>({"PatientName", "PatientBirthDate", "PatientSex",
                                     "OtherPatientIDs", "EthnicGroup", "PatientComments"});
constexpr auto kStudy =
    std::to_array<std::string_view>({"StudyDate", "StudyTime", "AccessionNumber", "StudyID",
                                     "StudyDescription", "ReferringPhysicianName", "PatientAge",
                                     "PatientSize", "PatientWeight", "TimezoneOffsetFromUTC"});
constexpr auto kSeries = std::to_array<std::string_view>(
    {"Modality", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime",
     "BodyPartExamined", "Laterality", "PatientPosition", "ProtocolName", "InstitutionName",
     "StationName", "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber",
     "SoftwareVersions", "FrameOfReferenceUID", "PerformedProcedureStepStartDate",
     "PerformedProcedureStepStartTime"});
constexpr auto kInstance = std::to_array<std::string_view>({"SOPClassUID",
                                                            "InstanceNumber",
                                                            "ImageType",
                                                            "AcquisitionDate",
                                                            "AcquisitionTime",
                                                            "AcquisitionNumber",
                                                            "ContentDate",
                                                            "ContentTime",
                                                            "ContentDescription",
                                                            "PhotometricInterpretation",
                                                            "SamplesPerPixel",
                                                            "NumberOfFrames",
                                                            "Rows",
                                                            "Columns",
                                                            "BitsAllocated",
                                                            "BitsStored",
                                                            "HighBit",
                                                            "PixelRepresentation",
                                                            "PixelSpacing",
                                                            "RescaleSlope",
                                                            "RescaleIntercept",
                                                            "WindowCenter",
                                                            "WindowWidth",
                                                            "SliceThickness",
                                                            "SpacingBetweenSlices",
                                                            "SliceLocation",
                                                            "ImagePositionPatient",
                                                            "ImageOrientationPatient",
                                                            "KVP",
                                                            "XRayTubeCurrent",
                                                            "ExposureTime",
                                                            "Exposure",
                                                            "ConvolutionKernel",
                                                            "RepetitionTime",
                                                            "EchoTime",
                                                            "FlipAngle",
                                                            "MagneticFieldStrength",
                                                            "BurnedInAnnotation",
                                                            "LossyImageCompression"});

Kind kind_of(const dicom::DictionaryEntry& entry) {
    if (entry.vr == dicom::vr::DA) return Kind::Date;
    if (entry.vr == dicom::vr::TM) return Kind::Time;
    if (entry.vm != "1") return Kind::Text;
    if (entry.vr == dicom::vr::US || entry.vr == dicom::vr::IS) return Kind::Integer;
    if (entry.vr == dicom::vr::DS || entry.vr == dicom::vr::FD) return Kind::Decimal;
    return Kind::Text;
}

std::vector<AttributeColumn> columns_named(Keywords keywords) {
    std::vector<AttributeColumn> columns;
    for (const auto keyword : keywords) {
        const auto tag = dicom::tag_of_keyword(keyword);
        LARMOR_CHECK(tag.has_value());
        const auto entry = dicom::find_entry(*tag);
        LARMOR_CHECK(entry.has_value());
        columns.push_back({.name = std::string(keyword), .tag = *tag, .kind = kind_of(*entry)});
    }
    std::ranges::sort(columns, {}, &AttributeColumn::tag);
    return columns;
}

std::string_view type_of(Kind kind) {
    switch (kind) {
        case Kind::Integer:
            return "INTEGER";
        case Kind::Decimal:
            return "DOUBLE";
        case Kind::Date:
            return "DATE";
        case Kind::Time:
            return "TIME";
        case Kind::Text:
            break;
    }
    return "VARCHAR";
}

void add_attributes(std::vector<Column>& columns, Level level) {
    for (const auto& column : attribute_columns(level)) {
        columns.push_back({column.name, std::string(type_of(column.kind))});
    }
}

void add_position(std::vector<Column>& columns) {
    columns.push_back({"larmor_epoch", "BIGINT"});
    columns.push_back({"larmor_sequence", "BIGINT"});
}

std::vector<Column> make_columns(Table table) {
    const auto text = [](const char* name) { return Column{name, "VARCHAR"}; };
    const auto count = [](const char* name) { return Column{name, "INTEGER"}; };
    std::vector<Column> columns;
    switch (table) {
        case Table::Patient:
            columns = {text("patient_key"), text("PatientID"), text("IssuerOfPatientID")};
            add_attributes(columns, Level::Patient);
            columns.push_back(count("NumberOfPatientRelatedStudies"));
            columns.push_back(count("NumberOfPatientRelatedSeries"));
            columns.push_back(count("NumberOfPatientRelatedInstances"));
            break;
        case Table::Study:
            columns = {text("StudyInstanceUID"), text("patient_key")};
            add_attributes(columns, Level::Study);
            columns.push_back(text("ModalitiesInStudy"));
            columns.push_back(count("NumberOfStudyRelatedSeries"));
            columns.push_back(count("NumberOfStudyRelatedInstances"));
            break;
        case Table::Series:
            columns = {text("SeriesInstanceUID"), text("StudyInstanceUID")};
            add_attributes(columns, Level::Series);
            columns.push_back(count("NumberOfSeriesRelatedInstances"));
            break;
        case Table::Instance:
            columns = {text("SOPInstanceUID"),
                       text("SeriesInstanceUID"),
                       text("StudyInstanceUID"),
                       text("image_set_id"),
                       {"image_set_version", "BIGINT"}};
            add_attributes(columns, Level::Instance);
            return columns;
        case Table::ImageSet:
            columns = {text("datastore_id"),      text("image_set_id"),
                       {"version", "BIGINT"},     {"is_primary", "BOOLEAN"},
                       {"is_deleted", "BOOLEAN"}, text("SeriesInstanceUID"),
                       count("instances"),        {"larmor_columns", "BIGINT"}};
            break;
    }
    add_position(columns);
    return columns;
}

}  // namespace

const std::vector<AttributeColumn>& attribute_columns(Level level) {
    static const std::array<std::vector<AttributeColumn>, kLevelCount> kColumns = {
        columns_named(kPatient), columns_named(kStudy), columns_named(kSeries),
        columns_named(kInstance)};
    return kColumns[static_cast<std::size_t>(level)];
}

Wanted wanted_attributes(Levels levels) {
    Wanted wanted;
    for (std::size_t at = 0; at < kLevelCount; ++at) {
        const auto level = static_cast<Level>(at);
        for (const auto& column : attribute_columns(level)) {
            if (levels.has(level) || column.tag == dicom::tags::StudyDate) {
                wanted.tags[at].push_back(column.tag);
            }
        }
    }
    return wanted;
}

std::int64_t columns_number(Levels levels) {
    std::string all;
    for (const Table table : kTables) {
        for (const auto& column : columns_of(table))
            all += column.name + " " + column.type + ",";
    }
    for (const Level level : {Level::Patient, Level::Study, Level::Series, Level::Instance}) {
        all += levels.has(level) ? '1' : '0';
    }
    std::int64_t number = 0;
    const std::string digits = to_hex(sha256(as_bytes(all))).substr(0, 15);
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return number;
}

std::string_view name_of(Table table) {
    constexpr std::array<std::string_view, 5> kNames = {"patient", "study", "series",
                                                        "instance", "image_set"};
    return kNames[static_cast<std::size_t>(table)];
}

std::optional<Table> table_named(std::string_view name) {
    for (const Table table : kTables) {
        if (name_of(table) == name) return table;
    }
    return std::nullopt;
}

std::vector<Column> columns_of(Table table) {
    return make_columns(table);
}

std::string column_list(Table table) {
    std::string list;
    for (const auto& column : columns_of(table)) {
        if (!list.empty()) list += ", ";
        list += quoted_name(column.name);
    }
    return list;
}

std::string_view sort_order(Table table) {
    switch (table) {
        case Table::Patient:
            return "patient_key";
        case Table::Study:
            return "StudyDate, StudyInstanceUID";
        case Table::Series:
            return "StudyInstanceUID, SeriesInstanceUID";
        case Table::Instance:
            return "StudyInstanceUID, SeriesInstanceUID, InstanceNumber, SOPInstanceUID";
        case Table::ImageSet:
            break;
    }
    return "image_set_id";
}

std::string quoted_name(std::string_view name) {
    return "\"" + std::string(name) + "\"";
}

std::string typed_value(const AttributeColumn& column) {
    const std::string name = quoted_name(column.name);
    const std::string first = "trim(split_part(" + name + ", '\\', 1))";
    switch (column.kind) {
        case Kind::Text:
            return name;
        case Kind::Integer:
            return "try_cast(" + first + " AS INTEGER)";
        case Kind::Decimal:
            return "CASE WHEN isfinite(try_cast(" + first + " AS DOUBLE)) THEN try_cast(" +
                   first + " AS DOUBLE) END";
        case Kind::Date:
            // With dots, as before DICOM 3.0. What strptime takes is checked before: it is
            // content with fewer digits.
            return "CASE WHEN regexp_full_match(" + first +
                   ", '\\d{8}|\\d{4}\\.\\d{2}\\.\\d{2}') THEN try_strptime(replace(" + first +
                   ", '.', ''), '%Y%m%d')::DATE END";
        case Kind::Time:
            return "CASE WHEN regexp_full_match(" + first +
                   ", '\\d{2}(\\d{2}(\\d{2}(\\.\\d{1,6})?)?)?') THEN try_strptime(" + first +
                   ", ['%H%M%S.%f', '%H%M%S', '%H%M', '%H'])::TIME END";
    }
    return name;
}

}  // namespace larmor::index::lake
