#include "reassembly/fuse/metadata_half.h"

#include "base/hash.h"
#include "base/tests/run_command.h"
#include "dicom/reader.h"
#include "dicom/values.h"
#include "reassembly/fuse/tests/halves.h"

namespace larmor::reassembly::fuse {
namespace {

Result<MetadataHalf> read_json_half(std::string_view json) {
    return read_metadata(as_bytes(json));
}
std::string hex_of(const MetadataHalf& half) {
    return to_hex(half.data_set);
}
Error error_of(std::string_view json) {
    const auto half = read_json_half(json);
    return half ? Error{ErrorCode::NotFound, "no error"} : half.error();
}
/// VR and value of a data element of the top level, `US 0100`.
std::string element_of(const MetadataHalf& half, dicom::Tag tag) {
    const auto found = dicom::find(half.data_set, dicom::kExplicitLittle, tag).value();
    return found ? dicom::to_string(found->vr) + " " + to_hex(found->value) : "none";
}

TEST(MetadataHalf, TakesThePixelsOutAndKnowsWhatTheyWere) {
    const auto half = read_json_half(
        R"({"00020010":{"vr":"UI","Value":["1.2.840.10008.1.2.4.50"]},
            "00080060":{"vr":"CS","Value":["OT"]},
            "7FE00001":{"vr":"OV","BulkDataURI":"t"},
            "7FE00010":{"vr":"OB","BulkDataURI":"p"},
            "FFFAFFFA":{"vr":"SQ"}})");

    ASSERT_TRUE(half) << half.error().message;
    EXPECT_EQ(hex_of(*half),
              "080060004353020"
              "04f54"
              "fafffaff5351000000000000");
    EXPECT_EQ(half->pixels_at, 10U);
    EXPECT_EQ(half->transfer_syntax_uid, "1.2.840.10008.1.2.4.50");
    EXPECT_EQ(half->pixel_vr, dicom::vr::OB);
    EXPECT_TRUE(half->names_pixels);
    EXPECT_TRUE(half->names_offset_table);
    EXPECT_EQ(half->unresolved_count, 0U);
}

TEST(MetadataHalf, TakesTheTransferSyntaxFromWhereItIsDeclared) {
    const auto available =
        read_json_half(R"({"00083002":{"vr":"UI","Value":["1.2.840.10008.1.2.4.90"]}})");
    EXPECT_EQ(available->transfer_syntax_uid, "1.2.840.10008.1.2.4.90");
    EXPECT_EQ(hex_of(*available), "") << "it would contradict a file in another one";

    const auto both = read_json_half(
        R"({"00083002":{"vr":"UI","Value":["1.2.840.10008.1.2.4.90"]},
            "00020010":{"vr":"UI","Value":["1.2.840.10008.1.2.1"]}})");
    EXPECT_EQ(both->transfer_syntax_uid, "1.2.840.10008.1.2.1");

    EXPECT_EQ(error_of(R"({"00020010":{"vr":"UI","Value":["../x"]}})").code,
              ErrorCode::InvalidInput);
}

TEST(MetadataHalf, CountsWhatIsInNeitherHalf) {
    const auto half = read_json_half(
        R"({"00091001":{"vr":"OB","BulkDataURI":"a"},
            "00881000":{"vr":"SQ","Value":[{"7FE00010":{"vr":"OW","BulkDataURI":"icon"}}]},
            "7FE00008":{"vr":"OF","BulkDataURI":"p"}})");

    ASSERT_TRUE(half);
    EXPECT_EQ(half->unresolved_count, 2U);
    EXPECT_EQ(half->unresolved, (std::vector<dicom::Tag>{{0x0009, 0x1001}, {0x7fe0, 0x0010}}));
    EXPECT_EQ(half->pixel_tag, dicom::Tag(0x7fe0, 0x0008));
}

TEST(MetadataHalf, ReadsAnArrayOfOneAndGzip) {
    const std::string_view json = R"([{"00080060":{"vr":"CS","Value":["OT"]}}])";
    const auto plain = read_json_half(json);
    ASSERT_TRUE(plain) << plain.error().message;
    // printf '[{"00080060":{"vr":"CS","Value":["OT"]}}]' | gzip -n
    const auto packed = from_hex(
        "1f8b08000000000000038bae56323030b03030303350b2aa562a2b52b252720e56d2510a4bcc294d55b28a"
        "56f20f518aadad8d0500b4fa19f429000000");
    const auto unpacked = read_metadata(*packed);
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    EXPECT_EQ(*unpacked, *plain);
    EXPECT_EQ(error_of("[{},{}]").code, ErrorCode::InvalidInput);
    EXPECT_EQ(error_of("[]").code, ErrorCode::InvalidInput);

    const auto bomb = read_metadata(*packed, {.json_max_bytes = 10});
    ASSERT_FALSE(bomb);
    EXPECT_EQ(bomb.error().code, ErrorCode::LimitExceeded);
}

TEST(MetadataHalf, ChoosesUsOrSsByPixelRepresentation) {
    const std::string smallest =
        R"("00280106":{"vr":"US or SS","Value":[1]},"00280107":{"Value":[2]})";
    const auto with = [&](const char* sign) {
        return read_json_half("{" + smallest + R"(,"00280103":{"vr":"US","Value":[)" + sign +
                              "]}}");
    };
    EXPECT_EQ(element_of(*with("0"), {0x0028, 0x0106}), "US 0100");
    EXPECT_EQ(element_of(*with("1"), {0x0028, 0x0106}), "SS 0100");
    EXPECT_EQ(element_of(*with("1"), {0x0028, 0x0107}), "SS 0200");
    const auto negative = read_json_half(
        R"({"00280106":{"vr":"xs","Value":[-5]},"00280103":{"vr":"US","Value":[1]}})");
    EXPECT_EQ(element_of(*negative, {0x0028, 0x0106}), "SS fbff");
    const auto said = read_json_half(
        R"({"00280106":{"vr":"US","Value":[1]},"00280103":{"vr":"US","Value":[1]}})");
    EXPECT_EQ(element_of(*said, {0x0028, 0x0106}), "US 0100") << "what the JSON says is kept";
}

TEST(MetadataHalf, ShortensDecimalsThatNoDataSetCanHold) {
    const auto half =
        read_json_half(R"({"00180050":{"vr":"DS","Value":[0.30000000000000004]}})");
    ASSERT_TRUE(half);
    EXPECT_EQ(element_of(*half, {0x0018, 0x0050}).substr(0, 3), "DS ");
    const auto found = dicom::find(half->data_set, dicom::kExplicitLittle, {0x0018, 0x0050});
    EXPECT_EQ(dicom::trimmed((*found)->value, dicom::vr::DS), "0.3");
}

/// Values of the standard: PS3.5 annexes H.3 and I.2, PS3.3 section C.12.1.1.2.
TEST(MetadataHalf, EncodesTextInTheDeclaredCharacterSet) {
    const auto latin = read_json_half(
        R"({"00080005":{"vr":"CS","Value":["ISO_IR 100"]},
            "00100010":{"vr":"PN","Value":[{"Alphabetic":"Buc^Jérôme"}]}})");
    EXPECT_EQ(element_of(*latin, {0x0010, 0x0010}), "PN 4275635e4ae972f46d65");

    const auto japanese = read_json_half(
        R"({"00080005":{"vr":"CS","Value":[null,"ISO 2022 IR 87"]},
            "00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou",
              "Ideographic":"山田^太郎"}]}})");
    EXPECT_EQ(element_of(*japanese, {0x0010, 0x0010}),
              "PN 59616d6164615e5461726f753d1b24423b3345441b28425e1b2442424"
              "04f3a1b2842");
}

TEST(MetadataHalf, SaysUtf8WhereTheDeclaredCharacterSetCannotHoldTheText) {
    const auto half = read_json_half(
        R"({"00080005":{"vr":"CS","Value":["ISO_IR 100"]},
            "00081110":{"vr":"SQ","Value":[{
               "00080005":{"vr":"CS","Value":["ISO_IR 144"]},
               "00081155":{"vr":"UI","Value":["1.2"]},"00104000":{"vr":"LT","Value":["é"]}}]},
            "00100010":{"vr":"PN","Value":[{"Alphabetic":"山田"}]}})");
    ASSERT_TRUE(half);

    EXPECT_EQ(element_of(*half, {0x0008, 0x0005}), "CS 49534f5f495220313932");
    EXPECT_EQ(element_of(*half, {0x0010, 0x0010}), "PN e5b1b1e794b0");
    const auto items = dicom::Attributes::read(half->data_set, dicom::kExplicitLittle)
                           ->items({0x0008, 0x1110});
    EXPECT_EQ(items->at(0).text({0x0008, 0x0005}), "ISO_IR 192");
    EXPECT_EQ(items->at(0).text({0x0010, 0x4000}), "é");
}

TEST(MetadataHalf, NamesWhatIsWrongWithoutValues) {
    const auto wrong = error_of(R"({"00100010":{"vr":"PN","Value":["a"]},"x":1})");
    EXPECT_EQ(wrong.code, ErrorCode::InvalidInput);
    EXPECT_EQ(error_of("").code, ErrorCode::InvalidInput);
    EXPECT_EQ(error_of("{\"00100010\":").code, ErrorCode::InvalidInput);
    EXPECT_EQ(error_of(R"({"00280010":{"vr":"US","Value":[70000]}})").message,
              "a value that VR US cannot hold at JSON pointer \"/00280010/Value/0\"");
    EXPECT_EQ(error_of(R"({"7FE00010":{"vr":"OB","InlineBinary":"AQID"}})").code,
              ErrorCode::Conflict);
    EXPECT_EQ(error_of(R"({"7FE00010":{"vr":"OB"},"7FE00008":{"vr":"OF"}})").code,
              ErrorCode::Conflict);
    EXPECT_EQ(error_of(R"({"00091001":{"vr":"ZZ","Value":["a"]}})").code,
              ErrorCode::InvalidInput);
    EXPECT_EQ(error_of("\x1f\x8b\x08 not gzip").code, ErrorCode::InvalidInput);
}

/// The example of docs/formats/reassembly_record.md.
TEST(MetadataRecord, HasTheFormThatIsWrittenDown) {
    const auto half = read_json_half(
        R"({"00020010":{"vr":"UI","Value":["1.2.840.10008.1.2.1"]},
            "00080060":{"vr":"CS","Value":["OT"]},"7FE00010":{"vr":"OW","BulkDataURI":"p"}})");

    EXPECT_EQ(to_hex(encode(*half)),
              "010110004f5713312e322e3834302e3130303038"
              "2e312e322e31000000000a000000000000000800600043530200"
              "4f54");
}

TEST(MetadataRecord, ComesBackEqualAndIsRefusedWhenChanged) {
    const auto half =
        read_json_half(test::to_json({.syntax = "1.2.840.10008.1.2.1",
                                      .more = R"("00091001":{"vr":"OB","BulkDataURI":"a"},)"}));
    ASSERT_TRUE(half) << half.error().message;
    const auto record = encode(*half);

    const auto again = decode(record);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *half);

    for (std::size_t size = 0; size < record.size(); ++size) {
        const auto cut = decode(Bytes(record).first(size));
        // Cut behind a data element it is a record of less: whoever stores them has checksums.
        if (cut) continue;
        EXPECT_EQ(cut.error().code, ErrorCode::Corrupt);
    }
    // Version, flags, the pixels' tag and VR, the size of the UID.
    for (std::size_t at = 0; at < 7; ++at) {
        auto wrong = record;
        wrong[at] ^= std::byte{0xff};
        EXPECT_FALSE(decode(wrong)) << at;
    }
}

}  // namespace
}  // namespace larmor::reassembly::fuse
