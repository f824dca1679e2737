#include "api/dicomweb/field_selection.h"

#include "api/dicomweb/attribute_level.h"
#include "dicom/tags.h"

namespace larmor::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// By hand, in the form of PS3.18 annex F.
constexpr std::string_view kMetadata =
    R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]},)"
    R"("00080060":{"vr":"CS","Value":["CT"]},)"
    R"("00081110":{"vr":"SQ","Value":[{"00081150":{"vr":"UI","Value":["1.2"]},)"
    R"("00081155":{"vr":"UI","Value":["1.3"]}},{},{"00081155":{"vr":"UI","Value":["1.4"]}}]},)"
    R"("00090010":{"vr":"LO","Value":["ACME \"1\""]},"00090011":{"vr":"LO","Value":["OTHER"]},)"
    R"("00091001":{"vr":"LO","Value":["a"]},"00091102":{"vr":"DS","Value":[2.5]},)"
    R"("00100020":{"vr":"LO","Value":["P,1}"]},"00101010":{"vr":"AS"},)"
    R"("00280106":{"vr":"US","Value":[0]}})";

std::vector<std::string> selected(const FieldSelection& selection,
                                  std::string_view metadata = kMetadata) {
    std::string text(metadata);
    const auto fields = selection.select(text);
    EXPECT_TRUE(fields) << fields.error().message;
    std::vector<std::string> result;
    for (const auto& field : *fields) {
        result.push_back(dicom::to_json_key(dicom::Tag::from(field.tag)) + field.json);
    }
    return result;
}

FieldSelection of(const std::vector<std::string_view>& paths) {
    FieldSelection selection;
    for (const auto path : paths) {
        const auto tags = parse_attribute_path(path);
        EXPECT_TRUE(tags) << path;
        selection.add(*tags);
    }
    return selection;
}

TEST(AttributePath, IsOfKeywordsAndTags) {
    using dicom::Tag;
    EXPECT_THAT(*parse_attribute_path("RequestAttributesSequence.0020000d"),
                ElementsAre(Tag(0x0040, 0x0275), Tag(0x0020, 0x000d)));
    for (const auto* wrong : {"", "PatientNam", "0020000", "0020000G", "PatientID.",
                              ".PatientID", "(0020,000D)", "PatientID..StudyID"}) {
        EXPECT_FALSE(parse_attribute_path(wrong)) << wrong;
    }
}

TEST(FieldSelection, GivesWhatIsThere) {
    EXPECT_THAT(selected(of({"00280106", "Modality", "PatientAge", "StudyID"})),
                ElementsAre(R"(00080060{"vr":"CS","Value":["CT"]})", R"(00101010{"vr":"AS"})",
                            R"(00280106{"vr":"US","Value":[0]})"));
    EXPECT_THAT(selected(of({"Modality"}), "{}"), IsEmpty());
}

TEST(FieldSelection, GivesOfASequenceWhatIsAskedFor) {
    EXPECT_THAT(
        selected(of({"ReferencedStudySequence.ReferencedSOPInstanceUID"})),
        ElementsAre(
            R"(00081110{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.3"]}},{},{"00081155":{"vr":"UI","Value":["1.4"]}}]})"));
    EXPECT_THAT(
        selected(of({"00081110.00081150", "00081110.00081155", "00081110.StudyID"})),
        ElementsAre(
            R"(00081110{"vr":"SQ","Value":[{"00081150":{"vr":"UI","Value":["1.2"]},"00081155":{"vr":"UI","Value":["1.3"]}},{},{"00081155":{"vr":"UI","Value":["1.4"]}}]})"));
    // All of it, when that was asked for too.
    EXPECT_THAT(selected(of({"00081110.00081150", "00081110"}))[0],
                testing::HasSubstr(R"({"00081150":{"vr":"UI","Value":["1.2"]},"00081155")"));
    // Nothing is inside of a text.
    EXPECT_THAT(selected(of({"Modality.00081150", "00081110.00081155.00081155"})),
                ElementsAre(R"(00081110{"vr":"SQ","Value":[{},{},{}]})"));
}

TEST(FieldSelection, PrivateElementsComeWithTheirCreator) {
    EXPECT_THAT(selected(of({"00091001", "00091102"})),
                ElementsAre(R"(00090010{"vr":"LO","Value":["ACME \"1\""]})",
                            R"(00090011{"vr":"LO","Value":["OTHER"]})",
                            R"(00091001{"vr":"LO","Value":["a"]})",
                            R"(00091102{"vr":"DS","Value":[2.5]})"));
    auto selection = of({"00091001", "00091102"});
    selection.require_creator({0x0009, 0x0010}, "ACME \"1\"");
    selection.require_creator({0x0009, 0x0011}, "ACME \"1\"");
    EXPECT_THAT(selected(selection),
                ElementsAre(R"(00090010{"vr":"LO","Value":["ACME \"1\""]})",
                            R"(00091001{"vr":"LO","Value":["a"]})"));
}

TEST(FieldSelection, AllIsWhatBelongsToTheLevelAndAbove) {
    const auto all = [](catalog::Level level) {
        FieldSelection selection;
        selection.add_all(level);
        std::vector<std::string> keys;
        for (const auto& field : selected(selection)) {
            keys.push_back(field.substr(0, 8));
        }
        return keys;
    };
    EXPECT_THAT(all(catalog::Level::Study), ElementsAre("00081110", "00100020", "00101010"));
    EXPECT_THAT(all(catalog::Level::Series),
                ElementsAre("00080060", "00081110", "00100020", "00101010"));
    EXPECT_EQ(all(catalog::Level::Instance).size(), 10U);
}

TEST(FieldSelection, RefusesWhatIsNoDataSet) {
    for (const std::string_view bad : {"", "[]", "{", R"({"x":{}})", R"({"00080060":1})",
                                       R"({"00081110":{"vr":"SQ","Value":[1]}})"}) {
        std::string text(bad);
        const auto fields = of({"Modality", "00081110.00081155"}).select(text);
        ASSERT_FALSE(fields) << bad;
    }
}

// The modules of PS3.3 sections C.7.1 to C.7.5 and C.7.6.1.
TEST(AttributeLevel, IsThatOfTheModule) {
    namespace tags = dicom::tags;
    for (const auto tag : {tags::PatientComments, tags::PatientAge, tags::StudyDescription,
                           tags::AdmittingDiagnosesDescription, tags::StudyInstanceUID,
                           tags::ClinicalTrialSubjectID, tags::PatientSpeciesDescription}) {
        EXPECT_EQ(level_of(tag), catalog::Level::Study) << dicom::to_string(tag);
    }
    for (const auto tag : {tags::ProtocolName, tags::Manufacturer, tags::FrameOfReferenceUID,
                           tags::RequestAttributesSequence, tags::AnatomicalOrientationType}) {
        EXPECT_EQ(level_of(tag), catalog::Level::Series) << dicom::to_string(tag);
    }
    for (const auto tag : {tags::ImageType, tags::SOPInstanceUID, tags::ContrastBolusAgent,
                           tags::ExaminedBodyThickness, dicom::Tag(0x0011, 0x1001)}) {
        EXPECT_EQ(level_of(tag), catalog::Level::Instance) << dicom::to_string(tag);
    }
}

}  // namespace
}  // namespace larmor::api
