#include "index/attribute_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/tags.h"
#include "index/image_set_message.h"

namespace larmor::index {
namespace {

namespace tags = dicom::tags;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::StrEq;

Values values_of(std::string json, std::vector<dicom::Tag> wanted) {
    auto values = read_attribute_values(json, wanted);
    EXPECT_TRUE(values) << values.error().message;
    return values.value_or(Values());
}

}  // namespace

TEST(AttributeValues, AreTextsInTheOrderOfTheirTags) {
    const auto values = values_of(
        R"({"00080008":{"vr":"CS","Value":["ORIGINAL","PRIMARY"]},)"
        R"("00080060":{"vr":"CS"},)"
        R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou",)"
        R"("Phonetic":"\u3084\u307e\u3060"}]},)"
        R"("00280010":{"vr":"US","Value":[128]},"00281050":{"vr":"DS","Value":[40.50,400]}})",
        {tags::ImageType, tags::Modality, tags::PatientName, tags::Rows, tags::WindowCenter});

    EXPECT_THAT(values, ElementsAre(Optional(StrEq("ORIGINAL\\PRIMARY")), std::nullopt,
                                    Optional(StrEq("Yamada^Tarou==やまだ")),
                                    Optional(StrEq("128")), Optional(StrEq("40.50\\400"))));
}

TEST(AttributeValues, LeaveOutSequencesBinaryAndWhatNobodyWants) {
    const auto values = values_of(
        R"({"00081140":{"vr":"SQ","Value":[{"00080060":{"vr":"CS","Value":["CT"]}}]},)"
        R"("00080060":{"vr":"CS","Value":["MR"]},"00420011":{"vr":"OB","InlineBinary":"QQ=="},)"
        R"("7FE00010":{"vr":"OW","BulkDataURI":"/x"}})",
        {tags::Modality, tags::ReferencedImageSequence, tags::EncapsulatedDocument});

    EXPECT_THAT(values, ElementsAre(Optional(StrEq("MR")), std::nullopt, std::nullopt));
}

TEST(AttributeValues, RefuseWhatIsNotTheModel) {
    for (const char* json : {"", "[]", "{\"00080060\":", "{\"00080060\":[]}",
                             "{\"00080060\":{\"vr\":\"CS\",\"Value\":{}}}"}) {
        std::string text = json;
        const auto values = read_attribute_values(text, std::vector{tags::Modality});
        ASSERT_FALSE(values) << json;
        EXPECT_EQ(values.error().code, ErrorCode::InvalidInput);
    }
}

TEST(IndexMessage, ReadsBothSpellingsOfTheId) {
    for (const char* name : {"imageSetId", "imagesetId"}) {
        const auto message = parse_index_message(R"({"detail":{"imageSetVersion":"7",")" +
                                                 std::string(name) + R"(":"abc"}})");
        ASSERT_TRUE(message) << message.error().message;
        EXPECT_EQ(std::get<ImageSetChanged>(*message).image_set_id, "abc");
        EXPECT_EQ(std::get<ImageSetChanged>(*message).version, 7);
    }
}

TEST(IndexMessage, ReadsWhatARebuildSends) {
    const auto changed =
        parse_index_message(to_body(ImageSetChanged{.image_set_id = "f00", .version = 3}));
    ASSERT_TRUE(changed);
    EXPECT_EQ(std::get<ImageSetChanged>(*changed).version, 3);
    EXPECT_FALSE(std::get<ImageSetChanged>(*changed).is_again);
    const auto again = parse_index_message(
        to_body(ImageSetChanged{.image_set_id = "f00", .version = 3, .is_again = true}));
    ASSERT_TRUE(again);
    EXPECT_TRUE(std::get<ImageSetChanged>(*again).is_again);
    const auto rebuild = parse_index_message(to_body(Rebuild{catalog::ImageSetRow{42}}));
    ASSERT_TRUE(rebuild);
    EXPECT_EQ(std::get<Rebuild>(*rebuild).after, catalog::ImageSetRow{42});
}

TEST(IndexMessage, RefusesWhatNamesNoImageSetOrVersion) {
    for (const char* body :
         {"", "text", "{}", R"({"detail":{}})", R"({"detail":{"imageSetId":"a"}})",
          R"({"detail":{"imageSetId":"a","imageSetVersion":"x"}})",
          R"({"detail":{"imageSetId":"a","imageSetVersion":"1x"}})"}) {
        const auto message = parse_index_message(body);
        ASSERT_FALSE(message) << body;
        EXPECT_EQ(message.error().code, ErrorCode::InvalidInput);
    }
}

}  // namespace larmor::index
