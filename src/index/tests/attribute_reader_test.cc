#include "index/attribute_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "dicom/tags.h"
#include "index/attribute_values.h"

namespace larmor::index {
namespace {

namespace tags = dicom::tags;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::StrEq;

const std::vector<dicom::Tag> kWanted = {tags::ImageType, tags::SOPInstanceUID, tags::Modality,
                                         tags::InstanceNumber, tags::Rows};

std::string member(dicom::Tag tag, const std::string& object) {
    char key[16];
    static_cast<void>(std::snprintf(key, sizeof key, "\"%04X%04X\":", tag.group, tag.element));
    return key + object;
}

/// What both say of it: values, or why there are none.
std::string said(const Result<Values>& values) {
    if (!values) return "error: " + values.error().message;
    std::string text;
    for (const auto& value : *values) text += value ? "<" + *value + ">" : "-";
    return text;
}

/// A document whose members, values and blanks are left to chance; some are no JSON.
std::string random_document(std::minstd_rand& random) {
    const std::vector<std::string> objects = {
        R"({"vr":"UI","Value":["1.2.3"]})",
        R"({"vr":"UI","Value":["1.2.33"]})",
        R"({"vr":"CS"})",
        R"({"vr":"LO","Value":["a\"}{\\","b"]})",
        R"({"vr":"US","Value":[5]})",
        R"({"vr":"SQ","Value":[{"00080060":{"vr":"CS","Value":["XX"]}}]})",
        R"({"vr":"IS", "Value":[7]})",
        R"({"Value":["no vr"]})"};
    std::vector<dicom::Tag> all = kWanted;
    all.push_back(tags::ReferencedImageSequence);
    all.push_back(tags::PatientName);
    all.push_back(tags::PixelData);
    std::ranges::sort(all);
    std::string json = "{";
    for (const dicom::Tag tag : all) {
        if (random() % 4 == 0) continue;
        if (json.size() > 1) json += random() % 40 == 0 ? ", " : ",";
        json += member(tag, objects[random() % objects.size()]);
        if (random() % 60 == 0) json += "," + member(tag, objects[random() % objects.size()]);
    }
    json += '}';
    switch (random() % 30) {
        case 0:
            return json.substr(0, random() % json.size());
        case 1:
            return json + (random() % 2 == 0 ? "}" : " ");
        case 2:
            json[random() % json.size()] = '"';
            return json;
        default:
            return json;
    }
}

}  // namespace

TEST(AttributeReader, TakesWhatIsAsBeforeAndReadsWhatIsNot) {
    AttributeReader reader(kWanted);
    std::string first = "{" + member(tags::ImageType, R"({"vr":"CS","Value":["A","B"]})") +
                        "," + member(tags::SOPInstanceUID, R"({"vr":"UI","Value":["1.1"]})") +
                        "," + member(tags::Modality, R"({"vr":"CS","Value":["CT"]})") + "," +
                        member(tags::Rows, R"({"vr":"US","Value":[4]})") + "}";
    EXPECT_EQ(said(reader.read(first)), "<A\\B><1.1><CT>-<4>");
    std::string second = "{" + member(tags::SOPInstanceUID, R"({"vr":"UI","Value":["1.2"]})") +
                         "," + member(tags::Modality, R"({"vr":"CS","Value":["CT"]})") + "," +
                         member(tags::InstanceNumber, R"({"vr":"IS","Value":[2]})") + "}";
    EXPECT_EQ(said(reader.read(second)), "-<1.2><CT><2>-") << "what is gone is gone";
    std::string none = "{}";
    EXPECT_EQ(said(reader.read(none)), "-----");
    std::string other = R"({ "00080060" : {"vr":"CS","Value":["MR"]} })";
    EXPECT_EQ(said(reader.read(other)), "--<MR>--") << "with blanks";
}

// What was read before must never show in what is read after.
TEST(AttributeReader, SaysTheSameAsOneThatReadsEachAnew) {
    std::minstd_rand random(4258);
    std::size_t read = 0;
    for (int series = 0; series < 300; ++series) {
        AttributeReader reader(kWanted);
        for (int instance = 0; instance < 20; ++instance) {
            std::string json = random_document(random);
            std::string same = json;
            const auto anew = read_attribute_values(same, kWanted);
            const auto values = reader.read(json);
            // Behind the last one that is wanted neither looks; what stands between may be no
            // JSON, which only one of them has to see.
            if (anew) {
                EXPECT_EQ(said(values), said(anew)) << same;
                ++read;
            } else if (!values) {
                EXPECT_EQ(values.error().code, ErrorCode::InvalidInput);
            }
        }
    }
    EXPECT_GT(read, 4000U);
}

}  // namespace larmor::index
