#include "dicom/json_read.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "dicom/json_write.h"
#include "dicom/tests/codec_test_data.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

using test::hex;
using LongDecimals = JsonReadOptions::LongDecimals;

/// The data set in hexadecimal, or the error's text.
std::string read(std::string_view json, const JsonReadOptions& options = {}) {
    const auto bytes = read_json(json, options);
    return bytes ? to_hex(*bytes) : bytes.error().message;
}
std::string of_hex(std::string_view text) {
    return to_hex(hex(text));
}
/// The value of the only data element, as text.
std::string value_of(std::string_view form, const JsonReadOptions& options = {}) {
    const auto bytes = read_json(R"({"00189999":)" + std::string(form) + "}", options);
    if (!bytes) return bytes.error().message;
    return larmor::to_string(find(*bytes, kExplicitLittle, {0x0018, 0x9999}).value()->value);
}
std::string value_hex(std::string_view form) {
    return to_hex(as_bytes(value_of(form)));
}

TEST(ReadJson, WritesExplicitLittleEndianWithDefinedLengths) {
    EXPECT_EQ(read(R"({"00080060":{"vr":"CS","Value":["CT"]},
                       "00081115":{"vr":"SQ","Value":[{"0020000E":{"vr":"UI","Value":["1.2"]}},{}]},
                       "00100020":{"vr":"LO","Value":["ABC"]},
                       "00280010":{"vr":"US","Value":[512]},
                       "7FE00010":{"vr":"OB","InlineBinary":"AQID"}})"),
              of_hex("0800 6000 'CS' 0200 'CT'"
                     "0800 1511 'SQ' 0000 1c000000"
                     "  feff 00e0 0c000000  2000 0e00 'UI' 0400 '1.2' 00"
                     "  feff 00e0 00000000"
                     "1000 2000 'LO' 0400 'ABC '"
                     "2800 1000 'US' 0200 0002"
                     "e07f 1000 'OB' 0000 04000000 01020300"));
    EXPECT_EQ(read("{}"), "");
    EXPECT_EQ(read(R"({"00081115":{"vr":"SQ"}})"), of_hex("0800 1511 'SQ' 0000 00000000"));
    EXPECT_EQ(read(R"({"00081115":{"vr":"SQ","Value":[null]}})"),
              of_hex("0800 1511 'SQ' 0000 08000000 feff 00e0 00000000"));
}

TEST(ReadJson, SortsTagsAndTakesMembersInAnyOrder) {
    EXPECT_EQ(read(R"({"00100020":{"Value":["A"],"vr":"LO"},"00080060":{"vr":"CS"},
                       "0008103e":{"Value":["B"],"vr":"LO"}})"),
              of_hex("0800 6000 'CS' 0000 0800 3e10 'LO' 0200 'B ' 1000 2000 'LO' 0200 'A '"));
}

TEST(ReadJson, ReadsAnotherDocumentWhileItReadsOne) {
    JsonReadOptions options;
    options.bulk_data = [](const BulkDataReference& /*reference*/) -> Result<BulkData> {
        TRY(auto inner, read_json(R"({"00100020":{"vr":"LO","Value":["inside"]}})"));
        return BulkData{std::move(inner)};
    };
    EXPECT_EQ(read(R"({"00091010":{"vr":"OB","BulkDataURI":"x"},
                       "00100020":{"vr":"LO","Value":["outside"]}})",
                   options),
              of_hex("0900 1010 'OB' 0000 0e000000  1000 2000 'LO' 0600 'inside'"
                     "1000 2000 'LO' 0800 'outside '"));
}

TEST(ReadJson, ReadsStringsWithEscapesAndWithoutAndDocumentsOfAnySizeInTurns) {
    const std::string large(1 << 20, 'x');
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(value_of(R"({"vr":"LT","Value":["a\u0041\"\\b" ]})"), "aA\"\\b ");
        EXPECT_EQ(value_of(R"({"vr":"LO","Value":["ab" ,"c" ]})"), "ab\\c");
        EXPECT_EQ(value_of(R"({"vr":"UT","Value":[")" + large + "\"]}"), large);
        EXPECT_EQ(value_of(R"({"vr":"OB","InlineBinary":"AQID"})").substr(0, 3), "\1\2\3");
    }
}

TEST(ReadJson, AsksWhatAVrMeansThatTheStandardDoesNotHave) {
    JsonReadOptions options;
    options.other_vr = [](Tag, std::string_view letters) {
        return letters == "US or SS" ? std::optional(vr::SS)
               : letters.empty()     ? std::optional(vr::LO)
                                     : std::nullopt;
    };
    EXPECT_EQ(read(R"({"00280106":{"vr":"US or SS","Value":[-1]},"00100020":{"Value":["A"]}})",
                   options),
              of_hex("1000 2000 'LO' 0200 'A ' 2800 0601 'SS' 0200 ffff"));
    EXPECT_EQ(read(R"({"00280106":{"vr":"ZZ","Value":[1]}})", options),
              "a vr that is none of the standard's at JSON pointer \"/00280106\"");
}

TEST(ReadJson, TellsFileMetaAndKeepsTheDeclaredCharacterSetWhereAsked) {
    std::string told;
    JsonReadOptions options;
    options.file_meta = [&](Tag tag, Bytes value) {
        told += to_string(tag) + larmor::to_string(value);
    };
    options.character_set_element = JsonReadOptions::CharacterSetElement::AsDeclared;
    EXPECT_EQ(read(R"({"00020010":{"vr":"UI","Value":["1.22"]},
                       "00080005":{"vr":"CS","Value":["ISO_IR 100"]}})",
                   options),
              of_hex("0800 0500 'CS' 0a00 'ISO_IR 100'"));
    EXPECT_EQ(told, "(0002,0010)1.22");
}

TEST(ReadJson, LeavesOutGroupLengthsAndFileMeta) {
    EXPECT_EQ(read(R"({"00020010":{"vr":"UI","Value":["1.2"]},
                       "00080000":{"vr":"UL","Value":[4]},"00080060":{"vr":"CS"}})"),
              of_hex("0800 6000 'CS' 0000"));
}

TEST(ReadJson, ReadsNumbersOfEveryVr) {
    EXPECT_EQ(value_hex(R"({"vr":"US","Value":[65535,0,1.0,"7"]})"), "ffff000001000700");
    EXPECT_EQ(value_hex(R"({"vr":"SS","Value":[-32768]})"), "0080");
    EXPECT_EQ(value_hex(R"({"vr":"UL","Value":[4294967295]})"), "ffffffff");
    EXPECT_EQ(value_hex(R"({"vr":"SL","Value":[-1]})"), "ffffffff");
    EXPECT_EQ(value_hex(R"({"vr":"UV","Value":[18446744073709551615]})"), "ffffffffffffffff");
    EXPECT_EQ(value_hex(R"({"vr":"SV","Value":["-9223372036854775808"]})"), "0000000000000080");
    EXPECT_EQ(value_hex(R"({"vr":"FL","Value":[0.1,"NaN","-Infinity"]})"),
              "cdcccc3d0000c07f000080ff");
    EXPECT_EQ(value_hex(R"({"vr":"FD","Value":[0.1,1e-400]})"),
              "9a9999999999b93f0000000000000000");
    EXPECT_EQ(value_hex(R"({"vr":"AT","Value":["00100020"]})"), "10002000");
}

TEST(ReadJson, KeepsTheDigitsOfDecimalStrings) {
    EXPECT_EQ(value_of(R"({"vr":"DS","Value":[1.50,-2e5,"0.1",null,3]})"),
              "1.50\\-2e5\\0.1\\\\3");
    EXPECT_EQ(value_of(R"({"vr":"IS","Value":[1,-2,"3",4.0,null,5]})"), "1\\-2\\3\\4\\\\5 ");
    EXPECT_EQ(value_of(R"({"vr":"DS","Value":[0.30000000000000004]})"), "0.30000000000000004 ");
    EXPECT_EQ(value_of(R"({"vr":"DS","Value":[0.30000000000000004]})",
                       {.long_decimals = LongDecimals::Shorten}),
              "0.3 ");
    EXPECT_EQ(value_of(R"({"vr":"DS","Value":[-1.2345678901234567e-100]})",
                       {.long_decimals = LongDecimals::Shorten}),
              "-1.23456789e-100");
}

TEST(ReadJson, ReadsTextAndNames) {
    EXPECT_EQ(value_of(R"({"vr":"LO","Value":["a",null,"b\n"]})"), "a\\\\b\n ");
    EXPECT_EQ(value_of(R"({"vr":"UI","Value":["1.2.3"]})"), std::string("1.2.3\0", 6));
    EXPECT_EQ(value_of(R"({"vr":"LT","Value":["a\\b"]})"), "a\\b ");
    EXPECT_EQ(value_of(R"({"vr":"CS","Value":["\u00e9"]})"), "\xe9 ") << "one byte, as Latin-1";
    EXPECT_EQ(value_of(R"({"vr":"PN","Value":[{"Alphabetic":"A","Phonetic":"P"}]})"), "A==P");
    EXPECT_EQ(value_of(R"({"vr":"PN","Value":["A=I",{"Ideographic":"I"},null,{}]})"),
              "A=I\\=I\\\\");
    EXPECT_EQ(value_of(R"({"vr":"UN","InlineBinary":["AQI="]})"), "\x01\x02");
}

TEST(ReadJson, DeclaresUtf8WhereTextNeedsIt) {
    const std::string declared = "0800 0500 'CS' 0a00 'ISO_IR 192'";
    EXPECT_EQ(read(R"({"00100020":{"vr":"LO","Value":["é"]}})"),
              of_hex(declared + "1000 2000 'LO' 0200 c3a9"));
    EXPECT_EQ(read(R"({"00080005":{"vr":"CS","Value":["ISO_IR 100"]},
                       "00100020":{"vr":"LO","Value":["e"]}})"),
              of_hex(declared + "1000 2000 'LO' 0200 'e '"));
    EXPECT_EQ(read(R"({"00080001":{"vr":"SH"},"00080005":{"vr":"CS"},
                       "00100020":{"vr":"LO","Value":["e"]}})"),
              of_hex("0800 0100 'SH' 0000 0800 0500 'CS' 0000 1000 2000 'LO' 0200 'e '"));
    EXPECT_EQ(read(R"({"00080001":{"vr":"SH"},"00080005":{"vr":"CS"},
                       "00100020":{"vr":"LO","Value":["é"]}})"),
              of_hex("0800 0100 'SH' 0000" + declared + "1000 2000 'LO' 0200 c3a9"));
    // An item inherits it; one with its own has it changed.
    EXPECT_EQ(
        read(R"({"00081110":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["é"]}}]}})"),
        of_hex(declared + "0800 1011 'SQ' 0000 12000000 feff 00e0 0a000000"
                          "1000 2000 'LO' 0200 c3a9"));
    EXPECT_EQ(read(R"({"00081110":{"vr":"SQ","Value":[{"00080005":{"vr":"CS"},
                       "00100020":{"vr":"LO","Value":["é"]}}]}})"),
              of_hex("0800 1011 'SQ' 0000 24000000 feff 00e0 1c000000" + declared +
                     "1000 2000 'LO' 0200 c3a9"));
    // ESC would start a code extension in any other set.
    EXPECT_EQ(read(R"({"00100020":{"vr":"LO","Value":["\u001b"]}})"),
              of_hex(declared + "1000 2000 'LO' 0200 1b20"));
}

TEST(ReadJson, TellsHowDeepBulkDataStands) {
    std::vector<unsigned> depths;
    const JsonReadOptions options{
        .bulk_data = [&](const BulkDataReference& at) -> Result<BulkData> {
            depths.push_back(at.depth);
            return BulkData{hex("0102"), false};
        }};
    ASSERT_TRUE(read_json(
        R"({"00880200":{"vr":"SQ","Value":[{"7FE00010":{"vr":"OW","BulkDataURI":"a"}}]},
            "7FE00010":{"vr":"OW","BulkDataURI":"b"}})",
        options));
    EXPECT_EQ(depths, (std::vector<unsigned>{1, 0}));
}

TEST(SplitJsonArray, GivesEachObjectAsItStands) {
    const std::string_view json = R"( [ {"a":[{"b":"]}"}]} , {} ] )";
    const auto objects = split_json_array(json);
    ASSERT_TRUE(objects) << objects.error().message;
    EXPECT_EQ(*objects, (std::vector<std::string_view>{R"({"a":[{"b":"]}"}]})", "{}"}));
    EXPECT_EQ(split_json_array(R"({"a":1})")->size(), 1U);
    EXPECT_TRUE(split_json_array("[]")->empty());
}

TEST(SplitJsonArray, RefusesWhatIsNoArrayOfObjectsOrTooLong) {
    for (const auto* json : {"", "[", "[{", "[1]", "[{}] []", "null", "\"a\"", "[{}, 2]"}) {
        const auto objects = split_json_array(json);
        ASSERT_FALSE(objects) << json;
        EXPECT_EQ(objects.error().code, ErrorCode::InvalidInput) << json;
    }
    const auto many = split_json_array("[{},{},{}]", 2);
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, ErrorCode::LimitExceeded);
}

TEST(ReadJson, ResolvesBulkDataThroughItsCaller) {
    const JsonReadOptions options{
        .bulk_data = [](const BulkDataReference& at) -> Result<BulkData> {
            EXPECT_EQ(at.uri, "http://h/1");
            EXPECT_EQ(at.depth, 0U);
            if (at.tag == Tag(0x0009, 0x1001)) return BulkData{hex("010203"), false};
            EXPECT_EQ(at.vr, vr::OB);
            return BulkData{hex("feff 00e0 00000000 feff 00e0 02000000 abcd"), true};
        }};
    EXPECT_EQ(read(R"({"00091001":{"vr":"OW","BulkDataURI":"http://h/1"},
                       "7FE00010":{"vr":"OB","BulkDataURI":"http://h/1"}})",
                   options),
              of_hex("0900 0110 'OW' 0000 04000000 01020300"
                     "e07f 1000 'OB' 0000 ffffffff feff 00e0 00000000"
                     "feff 00e0 02000000 abcd feff dde0 00000000"));
    const auto without = read_json(R"({"00091001":{"vr":"OW","BulkDataURI":"x"}})");
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().code, ErrorCode::Unsupported);
    const auto gone = read_json(R"({"00091001":{"vr":"OW","BulkDataURI":"x"}})",
                                {.bulk_data = [](auto...) -> Result<BulkData> {
                                    return fail(ErrorCode::NotFound, "gone");
                                }});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
}

TEST(ReadJson, StoresWhatIsTooLongForItsLengthFieldAsUnknown) {
    std::string digits;
    std::string text;
    for (int i = 0; i < 20000; ++i) {
        digits += (i > 0 ? "," : "") + std::to_string(i);
        text += (i > 0 ? "\\" : "") + std::to_string(i);
    }
    const std::string json = R"({"30060050":{"vr":"DS","Value":[)" + digits + "]}}";
    const auto bytes = read_json(json);
    ASSERT_TRUE(bytes) << bytes.error().message;
    const auto element = find(*bytes, kExplicitLittle, {0x3006, 0x0050}).value();
    EXPECT_EQ(element->vr, vr::UN);
    EXPECT_EQ(as_text(element->value).substr(0, text.size()), text);
    std::string again;
    ASSERT_TRUE(write_json(again, *bytes, kExplicitLittle));
    EXPECT_EQ(again, json) << "the dictionary knows it as DS";
}

TEST(ReadJson, NamesThePlaceOfWhatIsWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "no JSON object"},
        {"[]", "no JSON object"},
        {"{} {}", "more than one JSON value"},
        {R"({"0010002":{"vr":"LO"}})",
         "a name that is no tag in the object at JSON pointer \"\""},
        {R"({"0010002G":{"vr":"LO"}})",
         "a name that is no tag in the object at JSON pointer \"\""},
        {R"({"FFFEE000":{"vr":"LO"}})",
         "the tag of an item or delimiter at JSON pointer \"/FFFEE000\""},
        {R"({"00100020":{"vr":"ZZ"}})",
         "a vr that is none of the standard's at JSON pointer \"/00100020\""},
        {R"({"00100020":{"vr":"LO","Values":[]}})",
         "a member other than vr, Value, InlineBinary and BulkDataURI at JSON pointer "
         "\"/00100020\""},
        {R"({"00100020":{"vr":"OB","InlineBinary":"","BulkDataURI":""}})",
         "more than one value at JSON pointer \"/00100020\""},
        {R"({"00100020":{"vr":"LO","vr":"LO"}})",
         "a repeated vr at JSON pointer \"/00100020\""},
        {R"({"00100020":{"vr":"LO"},"00100020":{"vr":"LO"}})",
         "a repeated tag at JSON pointer \"/00100020\""},
        {R"({"00080005":{"vr":"CS"},"00080005":{"vr":"CS"}})",
         "a repeated tag at JSON pointer \"/00080005\""},
        {R"({"00100020":{"vr":"LO","Value":["a",1]}})",
         "a value that VR LO cannot hold at JSON pointer \"/00100020/Value/1\""},
        {R"({"00100020":{"vr":"LO","Value":[true]}})",
         "a value that is neither number, string nor null at JSON pointer "
         "\"/00100020/Value/0\""},
        {R"({"00280010":{"vr":"US","Value":[65536]}})",
         "a value that VR US cannot hold at JSON pointer \"/00280010/Value/0\""},
        {R"({"00280010":{"vr":"US","Value":[1.5]}})",
         "a value that VR US cannot hold at JSON pointer \"/00280010/Value/0\""},
        {R"({"00280010":{"vr":"US","Value":[null]}})",
         "null for a number of fixed size at JSON pointer \"/00280010/Value/0\""},
        {R"({"00280010":{"vr":"FL","Value":[1e39]}})",
         "a value that VR FL cannot hold at JSON pointer \"/00280010/Value/0\""},
        {R"({"00280010":{"vr":"IS","Value":[1.5]}})",
         "a value that VR IS cannot hold at JSON pointer \"/00280010/Value/0\""},
        {R"({"00280010":{"vr":"CS","Value":["Γ"]}})",
         "a character that VR CS does not have at JSON pointer \"/00280010/Value/0\""},
        {R"({"00280010":{"vr":"LT","Value":["a","b"]}})",
         "a second value for VR LT at JSON pointer \"/00280010/Value/1\""},
        {R"({"00280010":{"vr":"OB","Value":["a"]}})",
         "Value for a vr that has InlineBinary at JSON pointer \"/00280010/Value\""},
        {R"({"00280010":{"vr":"US","InlineBinary":"AQI="}})",
         "InlineBinary for a vr that has Value at JSON pointer \"/00280010/InlineBinary\""},
        {R"({"00280010":{"vr":"OB","InlineBinary":"AQI"}})",
         "InlineBinary that is not base64 at JSON pointer \"/00280010/InlineBinary\""},
        {R"({"00081110":{"vr":"SQ","Value":[{},{"00100010":{"vr":"PN","Value":[{"A":""}]}}]}})",
         "an unknown component group of a name at JSON pointer "
         "\"/00081110/Value/1/00100010/Value/0\""},
    };
    for (const auto& [json, message] : cases) EXPECT_EQ(read(json), message) << json;
    for (const char* cut :
         {"{", R"({"00100020")", R"({"00100020":{"vr":"LO","Value":["a")",
          R"({"00100020":{"vr":"LO"})", "{\"00100020\":{\"vr\":\"LO\xff\"}}",
          R"({"00100020":{}})", R"({"00100020":{"Value":[]}})", R"({"00100020":1})",
          R"({"00100020":{"vr":"LO","Value":"a"}})", R"({"00280010":{"vr":"DS","Value":[01]}})",
          R"({"00280010":{"vr":"DS","Value":[1.]}})",
          R"({"00280010":{"vr":"LO","Value":["\ud800"]}})"}) {
        const auto result = read_json(cut);
        ASSERT_FALSE(result) << cut;
        EXPECT_EQ(result.error().code, ErrorCode::InvalidInput) << cut;
    }
}

TEST(ReadJson, HasLimits) {
    const auto code = [](std::string_view json, const JsonReadOptions& options) {
        const auto result = read_json(json, options);
        return result ? "read" : name_of(result.error().code);
    };
    const char* nested =
        R"({"00081110":{"vr":"SQ","Value":[{"00081110":{"vr":"SQ","Value":[]}}]}})";
    EXPECT_EQ(code(nested, {.depth_max = 2}), "read");
    EXPECT_EQ(code(nested, {.depth_max = 1}), "LimitExceeded");
    const char* text = R"({"00100020":{"vr":"LO","Value":["0123456789"]}})";
    EXPECT_EQ(code(text, {.json_max_bytes = 10}), "LimitExceeded");
    EXPECT_EQ(code(text, {.data_set_max_bytes = 5}), "LimitExceeded");
    EXPECT_EQ(code(text, {.data_set_max_bytes = 100}), "read");
    // Far deeper than any parser's stack.
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += R"({"00081110":{"vr":"SQ","Value":[)";
    EXPECT_NE(code(deep, {.depth_max = 1000000}), "read");
}

TEST(ReadJsonArray, GivesOneDataSetForEachObject) {
    const auto two = read_json_array(R"([{"00080060":{"vr":"CS"}}, {}])");
    ASSERT_TRUE(two) << two.error().message;
    ASSERT_EQ(two->size(), 2U);
    EXPECT_EQ(to_hex(two->at(0)), of_hex("0800 6000 'CS' 0000"));
    EXPECT_TRUE(two->at(1).empty());
    EXPECT_EQ(read_json_array("{}")->size(), 1U);
    EXPECT_EQ(read_json_array("[]")->size(), 0U);
    const auto wrong = read_json_array(R"([{},{"00080060":{"vr":"ZZ"}}])");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message,
              "a vr that is none of the standard's at JSON pointer \"/1/00080060\"");
    EXPECT_FALSE(read_json_array("[{}"));
    EXPECT_FALSE(read_json_array("[{}] x"));
}

}  // namespace
}  // namespace larmor::dicom
