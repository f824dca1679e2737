#include "dicom/directory.h"

#include <gtest/gtest.h>

#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"
#include "dicom/values.h"
#include "dicom/writer.h"

namespace larmor::dicom {
namespace {

ByteBuffer keys(Tag tag, Vr vr, std::string_view value) {
    Writer writer;
    writer.text(tag, vr, value);
    return writer.take();
}

/// Patient, study, two series with two and one image.
ByteBuffer made() {
    DirectoryWriter writer("1.2.3");
    const auto add = [&](unsigned depth, std::string_view type, const ByteBuffer& with,
                         std::string_view file = {}) {
        EXPECT_TRUE(
            writer.add(depth, {.type = type,
                               .referenced_file_id = file,
                               .sop_class_uid = file.empty() ? "" : "1.2.840.10008.5.1.4.1.1.2",
                               .sop_instance_uid = file.empty() ? "" : "1.2.3.4",
                               .transfer_syntax_uid = file.empty() ? "" : "1.2.840.10008.1.2.1",
                               .keys = with}));
    };
    add(0, "PATIENT", keys(tags::PatientID, vr::LO, "P1"));
    add(1, "STUDY", keys(tags::StudyInstanceUID, vr::UI, "1.2"));
    add(2, "SERIES", keys(tags::SeriesInstanceUID, vr::UI, "1.2.1"));
    add(3, "IMAGE", keys(tags::InstanceNumber, vr::IS, "1"), "DICOM\\S0000001\\I0000001");
    add(3, "IMAGE", keys(tags::InstanceNumber, vr::IS, "12"), "DICOM\\S0000001\\I0000002");
    add(2, "SERIES", keys(tags::SeriesInstanceUID, vr::UI, "1.2.2"));
    add(3, "IMAGE", keys(tags::InstanceNumber, vr::IS, "3"), "DICOM\\S0000002\\I0000003");
    return writer.finish();
}

TEST(Directory, RecordsAreFoundByTheOffsetsOfThoseAboveAndBefore) {
    const ByteBuffer bytes = made();
    const auto file = open_file(bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->transfer_syntax_uid, kExplicitLittleUid);
    const auto top = Attributes::read(file->data_set, file->encoding);
    ASSERT_TRUE(top);
    const auto items = top->items(tags::DirectoryRecordSequence);
    ASSERT_TRUE(items);
    ASSERT_EQ(items->size(), 7U);

    // Walked as a reader of media does it: PS3.3 section F.2.2.2.
    const auto record_at = [&](std::int64_t offset) -> std::optional<Attributes> {
        const Bytes rest = Bytes(bytes).subspan(static_cast<std::size_t>(offset));
        EXPECT_EQ(load_little<std::uint32_t>(rest.data()), 0xe000fffeU)
            << "no item at " << offset;
        const auto length = load_little<std::uint32_t>(rest.data() + 4);
        auto read = Attributes::read(rest.subspan(8, length), kExplicitLittle);
        EXPECT_TRUE(read);
        return read ? std::optional(*std::move(read)) : std::nullopt;
    };
    std::vector<std::string> walked;
    const std::function<void(std::int64_t, int)> walk = [&](std::int64_t offset, int depth) {
        while (offset != 0) {
            const auto record = record_at(offset);
            ASSERT_TRUE(record);
            walked.push_back(std::string(static_cast<std::size_t>(depth), '-') +
                             record->text(tags::DirectoryRecordType) +
                             record->text(tags::InstanceNumber));
            walk(*record->integer(tags::OffsetOfReferencedLowerLevelDirectoryEntity),
                 depth + 1);
            offset = *record->integer(tags::OffsetOfTheNextDirectoryRecord);
        }
    };
    walk(*top->integer(tags::OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity), 0);
    EXPECT_EQ(walked, (std::vector<std::string>{"PATIENT", "-STUDY", "--SERIES", "---IMAGE1",
                                                "---IMAGE12", "--SERIES", "---IMAGE3"}));
}

TEST(Directory, EveryKindOfInstanceHasItsRecordType) {
    // Source: PS3.3 table F.4-1 and PS3.4 table B.5-1.
    const std::pair<std::string_view, std::string_view> expected[] = {
        {"1.2.840.10008.5.1.4.1.1.2", "IMAGE"},
        {"1.2.840.10008.5.1.4.1.1.66.4", "IMAGE"},
        {"1.2.840.10008.5.1.4.1.1.481.1", "IMAGE"},
        {"1.2.840.10008.5.1.4.1.1.481.5", "RT PLAN"},
        {"1.2.840.10008.5.1.4.1.1.481.3", "RT STRUCTURE SET"},
        {"1.2.840.10008.5.1.4.1.1.481.2", "RT DOSE"},
        {"1.2.840.10008.5.1.4.1.1.11.1", "PRESENTATION"},
        {"1.2.840.10008.5.1.4.1.1.9.1.1", "WAVEFORM"},
        {"1.2.840.10008.5.1.4.1.1.88.33", "SR DOCUMENT"},
        {"1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC"},
        {"1.2.840.10008.5.1.4.1.1.104.1", "ENCAP DOC"},
        {"1.2.840.10008.5.1.4.1.1.66.1", "REGISTRATION"},
        {"1.2.826.0.1.3680043.1", "IMAGE"}};
    for (const auto& [uid, type] : expected) EXPECT_EQ(directory_record_type(uid), type) << uid;
}

TEST(Directory, KeysComeFromTheFileAndWhatItLacksIsEmpty) {
    Writer writer(kImplicitLittle);
    writer.text(tags::SpecificCharacterSet, vr::CS, "ISO_IR 100");
    writer.text(tags::SOPClassUID, vr::UI, "1.2.840.10008.5.1.4.1.1.88.33");
    writer.text(tags::ContentDate, vr::DA, "20260102");
    writer.text(tags::InstanceNumber, vr::IS, "7");
    writer.start_sequence(tags::ConceptNameCodeSequence);
    writer.start_item();
    writer.text(tags::CodeValue, vr::SH, "18748-4");
    writer.end_item();
    writer.end_sequence();
    writer.text(tags::CompletionFlag, vr::CS, "COMPLETE");
    const ByteBuffer data_set = writer.take();
    File file;
    file.bytes = file.data_set = data_set;
    file.encoding = kImplicitLittle;

    const auto found = directory_record_keys(file, "SR DOCUMENT");
    ASSERT_TRUE(found) << found.error().message;
    const auto read = Attributes::read(*found, kExplicitLittle);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->text(tags::SpecificCharacterSet), "ISO_IR 100");
    EXPECT_EQ(read->text(tags::ContentDate), "20260102");
    EXPECT_EQ(read->text(tags::InstanceNumber), "7");
    EXPECT_EQ(read->text(tags::CompletionFlag), "COMPLETE");
    const auto concept_name = read->items(tags::ConceptNameCodeSequence);
    ASSERT_TRUE(concept_name);
    ASSERT_EQ(concept_name->size(), 1U);
    EXPECT_EQ(concept_name->front().text(tags::CodeValue), "18748-4");
    const auto* time = read->find(tags::ContentTime);
    ASSERT_NE(time, nullptr);
    EXPECT_TRUE(time->value.empty());
    EXPECT_EQ(read->find(tags::SOPClassUID), nullptr);
}

}  // namespace
}  // namespace larmor::dicom
