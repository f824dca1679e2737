#include "dicom/json_write.h"

#include <gtest/gtest.h>

#include "dicom/tests/codec_test_data.h"
#include "dicom/writer.h"

namespace larmor::dicom {
namespace {

using test::hex;
using CharacterSetElement = JsonWriteOptions::CharacterSetElement;

std::string to_json(Bytes data_set, Encoding encoding = kExplicitLittle,
                    const JsonWriteOptions& options = {}) {
    std::string out = "kept:";
    const auto done = write_json(out, data_set, encoding, options);
    return done ? out.substr(5) : out + done.error().message;
}

/// The form of one data element.
std::string form(Vr vr, Bytes value) {
    Writer writer;
    writer.element({0x0018, 0x9999}, vr, value);
    const std::string json = to_json(writer.buffer());
    const std::string_view prefix = R"({"00189999":)";
    return json.starts_with(prefix)
               ? json.substr(prefix.size(), json.size() - prefix.size() - 1)
               : json;
}
/// What stands in the Value array.
std::string values(Vr vr, Bytes value) {
    const std::string all = form(vr, value);
    const auto begin = all.find('[');
    return begin == std::string::npos ? "none" : all.substr(begin + 1, all.size() - begin - 3);
}
std::string values(Vr vr, std::string_view text) {
    return values(vr, as_bytes(text));
}

// The data elements of the example in PS3.18 section F.4, in its spelling but for white space.
TEST(WriteJson, WritesTheExampleOfTheStandard) {
    Writer writer;
    writer.text({0x0008, 0x0005}, vr::CS, "ISO_IR 192");
    writer.text({0x0008, 0x0020}, vr::DA, "20130409");
    writer.text({0x0008, 0x0030}, vr::TM, "131600.0000");
    writer.text({0x0008, 0x0061}, vr::CS, "CT\\PET");
    writer.text({0x0008, 0x0090}, vr::PN, "^Bob^^Dr.");
    writer.text({0x0010, 0x0010}, vr::PN, "Wang^XiaoDong=王^小东");
    writer.text({0x0010, 0x0020}, vr::LO, "12345");
    writer.text({0x0010, 0x1002}, vr::LO, "");
    writer.text({0x0020, 0x000d}, vr::UI, "1.2.392.200036.9116.2.2.2.1762893313.1029997326");
    writer.text({0x0020, 0x1206}, vr::IS, "4");
    EXPECT_EQ(to_json(writer.buffer()),
              R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]},)"
              R"("00080020":{"vr":"DA","Value":["20130409"]},)"
              R"("00080030":{"vr":"TM","Value":["131600.0000"]},)"
              R"("00080061":{"vr":"CS","Value":["CT","PET"]},)"
              R"("00080090":{"vr":"PN","Value":[{"Alphabetic":"^Bob^^Dr."}]},)"
              R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Wang^XiaoDong",)"
              R"("Ideographic":"王^小东"}]},)"
              R"("00100020":{"vr":"LO","Value":["12345"]},)"
              R"("00101002":{"vr":"LO"},)"
              R"("0020000D":{"vr":"UI","Value":)"
              R"(["1.2.392.200036.9116.2.2.2.1762893313.1029997326"]},)"
              R"("00201206":{"vr":"IS","Value":[4]}})");
}

TEST(WriteJson, WritesAnEmptyDataSetAsAnEmptyObject) {
    EXPECT_EQ(to_json({}), "{}");
}

TEST(WriteJson, TurnsDecimalStringsIntoNumbersOfJson) {
    // Left: DS as PS3.5 allows it. Right: the number of RFC 8259 section 6 of the same value.
    const std::pair<const char*, const char*> cases[] = {
        {"1", "1"},        {"0.50", "0.50"},     {" -1.5 ", "-1.5"}, {"+1.5", "1.5"},
        {".5", "0.5"},     {"-.5", "-0.5"},      {"1.", "1"},        {"007", "7"},
        {"00.5", "0.5"},   {"000", "0"},         {"1E5", "1e5"},     {"1.e+05", "1e+05"},
        {"-0", "-0"},      {"1e-400", "1e-400"}, {"1\\2", "1,2"},    {"1\\\\2", "1,null,2"},
        {"\\1", "null,1"}, {"1 \\ 2", "1,2"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(values(vr::DS, text), expected) << text;
}

TEST(WriteJson, WritesWhatIsNoNumberAsString) {
    for (const char* text : {"abc", "1,5", "--1", "1e", "e5", ".", "+", "inf", "nan", "0x10",
                             "1 2", "1e999", "-1e999"}) {
        EXPECT_EQ(values(vr::DS, text), '"' + std::string(text) + '"');
    }
    EXPECT_EQ(values(vr::DS, "1234567890123456789"), "\"1234567890123456789\"");
    EXPECT_EQ(values(vr::DS, "1\\\"\\\xe9"), R"(1,"\"","é")");
    for (const char* text : {"1A", "1.5", "-", "99999999999999999999"}) {
        EXPECT_EQ(values(vr::IS, text), '"' + std::string(text) + '"');
    }
}

TEST(WriteJson, TurnsIntegerStringsIntoWholeNumbers) {
    EXPECT_EQ(values(vr::IS, "12"), "12");
    EXPECT_EQ(values(vr::IS, "-12 "), "-12");
    EXPECT_EQ(values(vr::IS, "+12"), "12");
    EXPECT_EQ(values(vr::IS, "0012"), "12");
    EXPECT_EQ(values(vr::IS, "0"), "0");
    EXPECT_EQ(values(vr::IS, "3.0"), "3");
    EXPECT_EQ(values(vr::IS, "1\\\\2"), "1,null,2");
}

TEST(WriteJson, WritesTheShortestDigitsThatReadBackEqual) {
    EXPECT_EQ(values(vr::FL, hex("cdcccc3d")), "0.1");  // the float next to 0.1
    EXPECT_EQ(values(vr::FD, hex("9a9999999999b93f")), "0.1");
    EXPECT_EQ(values(vr::FD, hex("333333333333d33f")), "0.3");
    EXPECT_EQ(values(vr::FD, hex("343333333333d33f")), "0.30000000000000004");
    EXPECT_EQ(values(vr::FL, hex("00000080")), "-0.0");
    EXPECT_EQ(values(vr::FL, hex("0000807f 000080ff 0000c07f")),
              R"("Infinity","-Infinity","NaN")");
    EXPECT_EQ(values(vr::FD, hex("000000000000f07f 000000000000f0ff 000000000000f87f")),
              R"("Infinity","-Infinity","NaN")");
    EXPECT_EQ(values(vr::FD, hex("ffffffffffffef7f")), "1.7976931348623157e+308");
    // 3 * 2^66 (Python: int): as digits alone it would be an integer that no reader holds.
    EXPECT_EQ(values(vr::FD, hex("0000000000002844")), "221360928884514619392.0");
}

TEST(WriteJson, WritesBinaryIntegersAtTheirLimits) {
    EXPECT_EQ(values(vr::US, hex("ffff 0000")), "65535,0");
    EXPECT_EQ(values(vr::SS, hex("ffff 0080")), "-1,-32768");
    EXPECT_EQ(values(vr::UL, hex("ffffffff")), "4294967295");
    EXPECT_EQ(values(vr::SL, hex("00000080")), "-2147483648");
    EXPECT_EQ(values(vr::UV, hex("ffffffffffffffff")), "18446744073709551615");
    EXPECT_EQ(values(vr::SV, hex("0000000000000080")), "-9223372036854775808");
    EXPECT_EQ(values(vr::AT, hex("1000 2000 e07f 1000")), R"("00100020","7FE00010")");
}

TEST(WriteJson, EscapesWhatJsonWantsEscapedAtEveryPlace) {
    for (std::size_t before = 0; before < 40; ++before) {
        const std::string plain(before, 'x');
        EXPECT_EQ(values(vr::LO, plain + "\"y"), '"' + plain + "\\\"y\"");
        EXPECT_EQ(values(vr::LT, plain + "\r\n\t\f\x01y"),
                  '"' + plain + "\\r\\n\\t\\f\\u0001y\"");
        EXPECT_EQ(values(vr::LT, plain + "\\y"), '"' + plain + "\\\\y\"");
        EXPECT_EQ(values(vr::UI, plain + std::string("\0y", 2)), '"' + plain + "\\u0000y\"");
        EXPECT_EQ(values(vr::LO, plain + "\x7fy"), '"' + plain + "\x7fy\"");
    }
}

TEST(WriteJson, WritesEmptyValuesAmongOthersAsNull) {
    EXPECT_EQ(values(vr::LO, "a\\\\b"), R"("a",null,"b")");
    EXPECT_EQ(values(vr::LO, "\\"), "null,null");
    EXPECT_EQ(values(vr::CS, "A \\ \\ B"), R"("A",null,"B")");
    EXPECT_EQ(values(vr::LO, " A "), R"(" A")") << "blanks before a value count in LO";
    EXPECT_EQ(values(vr::PN, "A\\\\B"), R"({"Alphabetic":"A"},null,{"Alphabetic":"B"})");
    EXPECT_EQ(values(vr::PN, "=I"), R"({"Ideographic":"I"})");
    EXPECT_EQ(values(vr::PN, "==P"), R"({"Phonetic":"P"})");
    EXPECT_EQ(values(vr::PN, "A=I=P=4"),
              R"({"Alphabetic":"A","Ideographic":"I","Phonetic":"P"})");
    EXPECT_EQ(values(vr::PN, "=="), "null");
    EXPECT_EQ(form(vr::LO, as_bytes("  ")), R"({"vr":"LO"})");
    EXPECT_EQ(form(vr::DS, as_bytes("  ")), R"({"vr":"DS"})");
    EXPECT_EQ(form(vr::OB, {}), R"({"vr":"OB"})");
    EXPECT_EQ(form(vr::US, {}), R"({"vr":"US"})");
}

TEST(WriteJson, LeavesOutGroupLengthsAndFileMeta) {
    Writer writer;
    writer.text({0x0002, 0x0010}, vr::UI, "1.2");
    writer.number({0x0008, 0x0000}, vr::UL, 10);
    writer.text({0x0008, 0x0060}, vr::CS, "CT");
    EXPECT_EQ(to_json(writer.buffer()), R"({"00080060":{"vr":"CS","Value":["CT"]}})");
}

TEST(WriteJson, WritesSequencesWithTheirItems) {
    Writer writer;
    writer.start_sequence({0x0008, 0x1110});
    writer.end_sequence();
    writer.start_sequence({0x0008, 0x1115}, LengthForm::Defined);
    writer.start_item();
    writer.end_item();
    writer.start_item(LengthForm::Defined);
    writer.text({0x0020, 0x000e}, vr::UI, "1.2");
    writer.start_sequence({0x0008, 0x1199});
    writer.start_item();
    writer.end_item();
    writer.end_sequence();
    writer.end_item();
    writer.end_sequence();
    writer.text({0x0010, 0x0010}, vr::PN, "x");
    // (0008,1199) stands behind (0020,000E): the whole data set is sorted then.
    EXPECT_EQ(to_json(writer.buffer()),
              R"({"00081110":{"vr":"SQ"},)"
              R"("00081115":{"vr":"SQ","Value":[{},{"00081199":{"vr":"SQ","Value":[{}]},)"
              R"("0020000E":{"vr":"UI","Value":["1.2"]}}]},)"
              R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"x"}]}})");
}

TEST(WriteJson, SortsTagsAndKeepsTheLastOfEquals) {
    Writer writer;
    writer.text({0x0020, 0x0010}, vr::SH, "first");
    writer.text({0x0008, 0x0060}, vr::CS, "CT");
    writer.text({0x0020, 0x0010}, vr::SH, "last");
    EXPECT_EQ(to_json(writer.buffer()), R"({"00080060":{"vr":"CS","Value":["CT"]},)"
                                        R"("00200010":{"vr":"SH","Value":["last"]}})");
}

TEST(WriteJson, ReportsUtf8WheneverTextWasConverted) {
    const auto write = [](std::string_view specific, bool is_there, std::string_view text,
                          CharacterSetElement reported = CharacterSetElement::IsoIr192) {
        Writer writer;
        writer.text({0x0008, 0x0001}, vr::SH, "a");
        if (is_there) writer.text({0x0008, 0x0005}, vr::CS, specific);
        writer.text({0x0008, 0x0080}, vr::LO, text);
        return to_json(writer.buffer(), kExplicitLittle, {.character_set_element = reported});
    };
    const std::string first = R"({"00080001":{"vr":"SH","Value":["a"]},)";
    const std::string utf8 = R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]},)";
    const std::string e_acute = R"("00080080":{"vr":"LO","Value":["é"]}})";
    const std::string e = R"("00080080":{"vr":"LO","Value":["e"]}})";
    EXPECT_EQ(write("ISO_IR 100", true, "\xe9"), first + utf8 + e_acute);
    EXPECT_EQ(write("ISO_IR 100", true, "e"), first + utf8 + e);
    EXPECT_EQ(write("", true, "\xe9"), first + utf8 + e_acute) << "the empty one is replaced";
    EXPECT_EQ(write("", true, "e"), first + R"("00080005":{"vr":"CS"},)" + e);
    EXPECT_EQ(write("", false, "\xe9"), first + utf8 + e_acute) << "one is put in";
    EXPECT_EQ(write("", false, "e"), first + e);
    EXPECT_EQ(write("ISO_IR 100", true, "\xe9", CharacterSetElement::AsStored),
              first + R"("00080005":{"vr":"CS","Value":["ISO_IR 100"]},)" + e_acute);
    EXPECT_EQ(write("", false, "\xe9", CharacterSetElement::AsStored), first + e_acute);
}

TEST(WriteJson, GivesItemsTheCharacterSetThatTheyInheritOrHave) {
    Writer writer;
    writer.text({0x0008, 0x0005}, vr::CS, "ISO_IR 126");
    writer.start_sequence({0x0008, 0x1110});
    writer.start_item();
    writer.text({0x0008, 0x0080}, vr::LO, "\xc3");
    writer.end_item();
    writer.start_item();
    writer.text({0x0008, 0x0005}, vr::CS, "ISO_IR 100");
    writer.text({0x0008, 0x0080}, vr::LO, "\xc3");
    writer.end_item();
    writer.end_sequence();
    writer.text({0x0010, 0x0010}, vr::PN, "\xc3");
    const std::string utf8 = R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]},)";
    EXPECT_EQ(to_json(writer.buffer()),
              "{" + utf8 + R"("00081110":{"vr":"SQ","Value":[)" +
                  R"({"00080080":{"vr":"LO","Value":["Γ"]}},{)" + utf8 +
                  R"("00080080":{"vr":"LO","Value":["Ã"]}}]},)" +
                  R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Γ"}]}})");
}

TEST(WriteJson, PutsTheCharacterSetAtTheTopForTextInAnItem) {
    Writer writer;
    writer.start_sequence({0x0008, 0x1110});
    writer.start_item();
    writer.text({0x0008, 0x0080}, vr::LO, "\xe9");
    writer.end_item();
    writer.end_sequence();
    EXPECT_EQ(
        to_json(writer.buffer()),
        R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00081110":{"vr":"SQ","Value":[)"
        R"({"00080080":{"vr":"LO","Value":["é"]}}]}})");
}

TEST(WriteJson, AppliesTheCharacterSetToTextInFrontOfIt) {
    const std::string gamma = R"("Value":["Γ"]})";
    const std::string utf8 = R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]})";
    Writer low;
    low.text({0x0003, 0x0010}, vr::LO, "\xc3");
    low.text({0x0008, 0x0005}, vr::CS, "ISO_IR 126");
    EXPECT_EQ(to_json(low.buffer()), R"({"00030010":{"vr":"LO",)" + gamma + "," + utf8 + "}");
    // The records of a DICOMDIR are such items.
    const auto expected = R"({"00041220":{"vr":"SQ","Value":[{"00100020":{"vr":"LO",)" + gamma +
                          "}]}," + utf8 + "}";
    for (const bool as_unknown : {false, true}) {
        Writer items(as_unknown ? kImplicitLittle : kExplicitLittle);
        items.start_sequence({0x0004, 0x1220}, LengthForm::Defined);
        items.start_item();
        items.text({0x0010, 0x0020}, vr::LO, "\xc3");
        items.end_item();
        items.end_sequence();
        Writer directory;
        if (as_unknown) {
            directory.element({0x0004, 0x1220}, vr::UN, Bytes(items.buffer()).subspan(8));
        } else {
            directory = Writer(kExplicitLittle, items.take());
        }
        directory.text({0x0008, 0x0005}, vr::CS, "ISO_IR 126");
        EXPECT_EQ(to_json(directory.buffer()), expected);
    }
    Writer unsorted;
    unsorted.text({0x0010, 0x0020}, vr::LO, "\xc3");
    unsorted.text({0x0008, 0x0005}, vr::CS, "ISO_IR 126");
    EXPECT_EQ(to_json(unsorted.buffer()),
              "{" + utf8 + R"(,"00100020":{"vr":"LO",)" + gamma + "}");
}

TEST(WriteJson, SendsLargeBinaryValuesAndPixelDataByUri) {
    JsonWriteOptions options{.bulk_data_uri = bulk_data_uri_under("http://h/i"),
                             .inline_max_bytes = 4};
    Writer writer;
    writer.start_sequence({0x0008, 0x0008});
    writer.start_item();
    writer.end_item();
    writer.start_item();
    writer.element({0x0009, 0x1001}, vr::OB, hex("0102030405"));
    writer.element({0x0009, 0x1002}, vr::OB, hex("01020304"));
    writer.end_item();
    writer.end_sequence();
    writer.element({0x7fe0, 0x0010}, vr::OW, hex("0102"));
    EXPECT_EQ(to_json(writer.buffer(), kExplicitLittle, options),
              R"({"00080008":{"vr":"SQ","Value":[{},{"00091001":{"vr":"OB","BulkDataURI":)"
              R"("http://h/i/bulkdata/00080008/1/00091001"},)"
              R"("00091002":{"vr":"OB","InlineBinary":"AQIDBA=="}}]},)"
              R"("7FE00010":{"vr":"OW","BulkDataURI":"http://h/i/bulkdata/7FE00010"}})");
    EXPECT_EQ(to_json(Bytes(writer.buffer()).last(14)),
              R"({"7FE00010":{"vr":"OW","InlineBinary":"AQI="}})");
}

TEST(WriteJson, TellsWhereBulkDataLies) {
    Writer writer;
    writer.text({0x0008, 0x0060}, vr::CS, "CT");
    writer.start_fragments({0x7fe0, 0x0010}, vr::OB);
    writer.fragment({});
    writer.fragment(hex("ffd8ffd9"));
    writer.end_fragments();
    const Bytes bytes = writer.buffer();
    std::size_t calls = 0;
    const auto uri = [&](std::string& out, const BulkValue& value) {
        ++calls;
        EXPECT_TRUE(value.encapsulated);
        EXPECT_EQ(value.tag, Tag(0x7fe0, 0x0010));
        EXPECT_EQ(value.offset, 10U + 12U);
        EXPECT_EQ(value.value.size(), 8U + 12U);
        EXPECT_EQ(value.value.data(), bytes.data() + value.offset);
        out += "u";
    };
    EXPECT_EQ(to_json(bytes, kExplicitLittle, {.bulk_data_uri = uri}),
              R"({"00080060":{"vr":"CS","Value":["CT"]},)"
              R"("7FE00010":{"vr":"OB","BulkDataURI":"u"}})");
    EXPECT_EQ(calls, 1U);
    EXPECT_EQ(to_json(bytes),
              R"({"00080060":{"vr":"CS","Value":["CT"]},"7FE00010":{"vr":"OB"}})");
}

TEST(WriteJson, TurnsBigEndianValuesAround) {
    const ByteBuffer bytes =
        hex("0028 0010 'US' 0002 0102  0028 1201 'OW' 0000 00000004 01020304"
            "0054 1001 'OL' 0000 00000004 01020304  0072 0026 'AT' 0004 0010 0020");
    EXPECT_EQ(to_json(bytes, kExplicitBig),
              R"({"00280010":{"vr":"US","Value":[258]},)"
              R"("00281201":{"vr":"OW","InlineBinary":"AgEEAw=="},)"
              R"("00541001":{"vr":"OL","InlineBinary":"BAMCAQ=="},)"
              R"("00720026":{"vr":"AT","Value":["00100020"]}})");
}

TEST(WriteJson, LeavesUnknownValuesAsStoredWhereAsked) {
    Writer writer;
    writer.element({0x0008, 0x0060}, vr::UN, as_bytes("CT"));
    const JsonWriteOptions options{.unknown_vr = JsonWriteOptions::UnknownVr::AsStored};

    EXPECT_EQ(to_json(writer.buffer(), kExplicitLittle, options),
              R"({"00080060":{"vr":"UN","InlineBinary":"Q1Q="}})");
    EXPECT_EQ(to_json(writer.buffer()), R"({"00080060":{"vr":"CS","Value":["CT"]}})");
}

TEST(WriteJson, ReadsUnknownValuesWhoseVrTheDictionaryKnows) {
    Writer writer;
    writer.element({0x0008, 0x0060}, vr::UN, as_bytes("CT"));
    writer.element({0x0018, 0x9073}, vr::UN, hex("0102"));  // no FD: two bytes
    writer.text({0x0019, 0x0010}, vr::LO, "GEMS_ACQU_01");
    writer.element({0x0019, 0x1002}, vr::UN, hex("90030000"));  // SL in that creator's hands
    writer.text({0x0019, 0x0011}, vr::LO, "NOBODY");
    writer.element({0x0019, 0x1102}, vr::UN, hex("90030000"));
    EXPECT_EQ(to_json(writer.buffer()), R"({"00080060":{"vr":"CS","Value":["CT"]},)"
                                        R"("00189073":{"vr":"UN","InlineBinary":"AQI="},)"
                                        R"("00190010":{"vr":"LO","Value":["GEMS_ACQU_01"]},)"
                                        R"("00190011":{"vr":"LO","Value":["NOBODY"]},)"
                                        R"("00191002":{"vr":"SL","Value":[912]},)"
                                        R"("00191102":{"vr":"UN","InlineBinary":"kAMAAA=="}})");
}

TEST(WriteJson, ReadsUnknownValuesThatAreSequences) {
    // (0008,1110) UN of 18 bytes: an item with (0008,0104) "AB" in Implicit VR Little Endian.
    const ByteBuffer bytes =
        hex("0800 1011 'UN' 0000 12000000  feff 00e0 0a000000 0800 0401 02000000 'AB'");
    const char* expected =
        R"({"00081110":{"vr":"SQ","Value":[{"00080104":{"vr":"LO","Value":["AB"]}}]}})";
    EXPECT_EQ(to_json(bytes), expected);
    // The same with a value that is no sequence: an item that is longer than its value.
    ByteBuffer cut = bytes;
    cut[16] = std::byte{0x0b};
    EXPECT_EQ(to_json(cut),
              R"({"00081110":{"vr":"UN","InlineBinary":"/v8A4AsAAAAIAAQBAgAAAEFC"}})");
}

TEST(WriteJson, CallsLettersThatAreNoVrUnknown) {
    EXPECT_EQ(to_json(hex("0900 0110 'ZZ' 0000 02000000 0102")),
              R"({"00091001":{"vr":"UN","InlineBinary":"AQI="}})");
}

TEST(WriteJson, LeavesTheOutputAsItWasAfterAnError) {
    EXPECT_EQ(to_json(hex("0800 6000 'CS' 0200 'CT' 1000 1000 'PN' ff00 'x'")),
              "kept:a value of 255 bytes, but only 1 follow in (0010,0010) at byte 10");
}

TEST(WriteJson, LimitsTheDepth) {
    Writer writer;
    for (int i = 0; i < 3; ++i) {
        writer.start_sequence({0x0008, 0x1110});
        writer.start_item();
    }
    for (int i = 0; i < 3; ++i) {
        writer.end_item();
        writer.end_sequence();
    }
    std::string out;
    const auto deep = write_json(out, writer.buffer(), kExplicitLittle, {.depth_max = 2});
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().code, ErrorCode::LimitExceeded);
    EXPECT_TRUE(write_json(out, writer.buffer(), kExplicitLittle, {.depth_max = 3}));
}

TEST(WriteJson, GrowsWithWhatItWrites) {
    std::string text(1 << 20, 'x');
    text += "\"";
    Writer writer;
    writer.text({0x0008, 0x0001}, vr::UT, text);
    const std::string json = to_json(writer.buffer());
    EXPECT_EQ(
        json.size(),
        text.size() + std::string_view(R"({"00080001":{"vr":"UT","Value":[""]}})").size() + 1);
    std::string controls(100000, '\x01');
    EXPECT_EQ(values(vr::UT, controls).size(), 6 * controls.size() + 2);
}

}  // namespace
}  // namespace larmor::dicom
