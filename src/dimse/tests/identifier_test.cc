#include "dimse/identifier.h"

#include <gtest/gtest.h>

#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "dimse/negotiation.h"
#include "dimse/retrieve_list.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

namespace tags = dicom::tags;

/// A study query for a name, with a key that nobody knows.
ByteBuffer study_query(std::string_view level, std::string_view name) {
    dicom::Writer writer(dicom::kImplicitLittle);
    writer.text(tags::QueryRetrieveLevel, dicom::vr::CS, level);
    writer.text(tags::PatientName, dicom::vr::PN, name);
    writer.text(tags::PatientComments, dicom::vr::LT, "");
    writer.text(tags::StudyInstanceUID, dicom::vr::UI, "");
    return writer.take();
}

Result<Identifier> parse(Bytes data_set, std::string_view sop_class_uid) {
    return parse_identifier(data_set, dicom::kImplicitLittle, sop_class_uid);
}

TEST(ParseIdentifier, MakesConditionsOfKeysWithValues) {
    const auto identifier = parse(study_query("STUDY", "DOE*"), sop_class::kStudyRootFind);

    ASSERT_TRUE(identifier) << identifier.error().message;
    EXPECT_EQ(identifier->level, QueryLevel::Study);
    ASSERT_EQ(identifier->conditions.size(), 1);
    EXPECT_EQ(identifier->conditions[0].attribute, catalog::Attribute::PatientName);
    EXPECT_EQ(identifier->keys.size(), 3);
    EXPECT_EQ(identifier->query, "QueryRetrieveLevel=STUDY&PatientName=(not recorded)");
    EXPECT_FALSE(identifier->ignores_a_key);
}

TEST(ParseIdentifier, RefusesALevelThatTheSopClassDoesNotHave) {
    EXPECT_TRUE(parse(study_query("PATIENT", ""), sop_class::kPatientRootFind));
    EXPECT_FALSE(parse(study_query("PATIENT", ""), sop_class::kStudyRootFind));
    EXPECT_FALSE(parse(study_query("", ""), sop_class::kStudyRootFind));
}

TEST(ParseIdentifier, RefusesBytesThatAreCut) {
    const auto query = study_query("STUDY", "DOE*");
    const auto cut = parse(Bytes(query).first(query.size() - 3), sop_class::kStudyRootFind);

    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::InvalidInput);
}

TEST(NamesWhatToRetrieve, WantsTheUniqueKeyOfTheLevel) {
    const auto without = parse(study_query("STUDY", "DOE"), sop_class::kStudyRootMove);
    ASSERT_TRUE(without);
    EXPECT_FALSE(names_what_to_retrieve(*without));

    dicom::Writer writer(dicom::kImplicitLittle);
    writer.text(tags::QueryRetrieveLevel, dicom::vr::CS, "STUDY");
    writer.text(tags::StudyInstanceUID, dicom::vr::UI, "1.2.3\\1.2.4");
    const auto with = parse(writer.take(), sop_class::kStudyRootMove);
    ASSERT_TRUE(with);
    EXPECT_TRUE(names_what_to_retrieve(*with));
}

TEST(EncodeMatch, GivesWhatWasAskedForInOrderAndInUtf8) {
    const auto identifier = parse(study_query("STUDY", ""), sop_class::kStudyRootFind);
    ASSERT_TRUE(identifier);
    catalog::StoredStudy study;
    study.patient.patient_name = "M\xc3\xbcller";
    study.study.study_instance_uid = "1.2.3";

    const auto match =
        encode_match(*identifier, {.study = &study}, "LARMOR", dicom::kImplicitLittle);

    const auto read = dicom::Attributes::read(match, dicom::kImplicitLittle);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->text(tags::SpecificCharacterSet), "ISO_IR 192");
    EXPECT_EQ(read->text(tags::PatientName), "M\xc3\xbcller");
    EXPECT_EQ(read->text(tags::StudyInstanceUID), "1.2.3");
    EXPECT_EQ(read->text(tags::QueryRetrieveLevel), "STUDY");
    EXPECT_EQ(read->text(tags::RetrieveAETitle), "LARMOR");
    ASSERT_NE(read->find(tags::PatientComments), nullptr);
    EXPECT_TRUE(read->find(tags::PatientComments)->value.empty());
}

TEST(RetrieveTally, SaysWhatBecameOfTheSubOperations) {
    RetrieveTally tally;
    tally.remaining = 3;
    tally.count("1.1", status::kSuccess);
    tally.count("1.2", status::kWarning);
    EXPECT_EQ(tally.status(), status::kWarning);
    tally.count("1.3", status::kOutOfResources);
    EXPECT_EQ(tally.remaining, 0);
    EXPECT_EQ(tally.failed_uids, std::vector<std::string>{"1.3"});

    RetrieveTally none;
    none.remaining = 1;
    none.count("1.1", status::kProcessingFailure);
    EXPECT_EQ(none.status(), status::kCannotPerformSubOperations);
}

}  // namespace
}  // namespace larmor::dimse
