#include "dicom/values.h"

#include <gtest/gtest.h>

#include "dicom/tests/codec_test_data.h"
#include "dicom/writer.h"

namespace larmor::dicom {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using test::hex;
using testing::ElementsAre;

constexpr auto kLittle = ByteOrder::Little;
constexpr auto kBig = ByteOrder::Big;

std::string_view trim(std::string_view text, Vr vr) {
    return trimmed(as_bytes(text), vr);
}

TEST(Trimmed, TakesAwayWhatTheVrCallsPadding) {
    using namespace std::string_view_literals;
    EXPECT_EQ(trim("1.2.840\0"sv, vr::UI), "1.2.840");
    EXPECT_EQ(trim("  AE 1  ", vr::AE), "AE 1");
    EXPECT_EQ(trim(" 1.5 ", vr::DS), "1.5");
    EXPECT_EQ(trim("  text ", vr::LT), "  text") << "leading blanks have a meaning in LT";
    EXPECT_EQ(trim("   ", vr::LO), "");
    EXPECT_EQ(trim("", vr::LO), "");
}

TEST(Texts, PartAtBackslashOnlyWhereTheVrDoes) {
    const auto split = [](std::string_view text, Vr vr) {
        return texts(as_bytes(text), vr, CharacterSet());
    };
    EXPECT_THAT(split("A \\B\\\\C ", vr::LO), ElementsAre("A", "B", "", "C"));
    EXPECT_THAT(split("A\\B ", vr::LT), ElementsAre("A\\B"));
    EXPECT_THAT(split("http://a\\b ", vr::UR), ElementsAre("http://a\\b"));
    EXPECT_THAT(split("", vr::LO), ElementsAre());
    EXPECT_THAT(split("  ", vr::LO), ElementsAre());
    // The 5C is half of a character: GBK 81 5C.
    EXPECT_THAT(texts(as_bytes("\x81\x5c\\B"), vr::LO, CharacterSet("GBK")),
                ElementsAre("乗", "B"));
}

TEST(ValueCount, CountsBySizeOrByDelimiters) {
    EXPECT_EQ(value_count(hex("0100 0200 0300"), vr::US), 3U);
    EXPECT_EQ(value_count(hex("0100 0200 0300"), vr::UL), 1U);
    EXPECT_EQ(value_count(as_bytes("1\\2\\ "), vr::DS), 3U);
    EXPECT_EQ(value_count(as_bytes("1\\2"), vr::ST), 1U);
    EXPECT_EQ(value_count(as_bytes("  "), vr::LO), 0U);
}

TEST(Integer, ReadsEveryVrInBothByteOrders) {
    EXPECT_EQ(integer(hex("ffff feff"), vr::US, kLittle, 1), 0xfffe);
    EXPECT_EQ(integer(hex("ffff feff"), vr::SS, kLittle, 1), -2);
    EXPECT_EQ(integer(hex("fffe"), vr::SS, kBig), -2);
    EXPECT_EQ(integer(hex("feffffff"), vr::UL, kLittle), 0xfffffffe);
    EXPECT_EQ(integer(hex("feffffff"), vr::SL, kLittle), -2);
    EXPECT_EQ(integer(hex("fffffffffffffffe"), vr::SV, kBig), -2);
    EXPECT_EQ(integer(hex("0100000000000000"), vr::UV, kLittle), 1);
    EXPECT_EQ(integer(hex("fffffffffffffffe"), vr::UV, kBig), std::nullopt) << "too large";
    EXPECT_EQ(integer(hex("1000 2000"), vr::AT, kLittle), 0x00100020);
    EXPECT_EQ(integer(hex("0010 0020"), vr::AT, kBig), 0x00100020);
    EXPECT_EQ(integer(hex("0102"), vr::OB, kLittle, 1), 2);
    EXPECT_EQ(integer(hex("0102"), vr::OW, kBig), 0x0102);
    EXPECT_EQ(integer(as_bytes(" 5\\ +12 \\-7"), vr::IS, kLittle, 1), 12);
    EXPECT_EQ(integer(as_bytes("5.0"), vr::DS, kLittle), 5);
}

TEST(Integer, IsEmptyForWhatIsNone) {
    EXPECT_EQ(integer(hex("01"), vr::US, kLittle), std::nullopt) << "half of one";
    EXPECT_EQ(integer(hex("0100"), vr::US, kLittle, 1), std::nullopt) << "no second one";
    EXPECT_EQ(integer(as_bytes("1.5"), vr::IS, kLittle), std::nullopt);
    EXPECT_EQ(integer(as_bytes("1A"), vr::IS, kLittle), std::nullopt);
    EXPECT_EQ(integer(as_bytes("+-1"), vr::IS, kLittle), std::nullopt);
    EXPECT_EQ(integer(as_bytes(""), vr::IS, kLittle), std::nullopt);
    EXPECT_EQ(integer(as_bytes("1\\"), vr::IS, kLittle, 1), std::nullopt);
    EXPECT_EQ(integer(as_bytes("99999999999999999999"), vr::IS, kLittle), std::nullopt);
    EXPECT_EQ(integer(as_bytes("12"), vr::LO, kLittle), std::nullopt) << "LO is no number";
    EXPECT_EQ(integer(hex("0000803f"), vr::FL, kLittle), std::nullopt);
}

TEST(Decimal, ReadsTextAndBinary) {
    EXPECT_EQ(decimal(as_bytes("0.5\\ -1.25E+2 "), vr::DS, kLittle, 1), -125.0);
    EXPECT_EQ(decimal(as_bytes("+.5"), vr::DS, kLittle), 0.5);
    EXPECT_EQ(decimal(hex("0000c03f"), vr::FL, kLittle), 1.5);
    EXPECT_EQ(decimal(hex("3ff8000000000000"), vr::FD, kBig), 1.5);
    EXPECT_EQ(decimal(hex("0000c03f"), vr::OF, kLittle), 1.5);
    EXPECT_EQ(decimal(hex("feff"), vr::SS, kLittle), -2.0);
    EXPECT_EQ(decimal(as_bytes("inf"), vr::DS, kLittle), std::nullopt);
    EXPECT_EQ(decimal(as_bytes("nan"), vr::DS, kLittle), std::nullopt);
    EXPECT_EQ(decimal(as_bytes("1e999"), vr::DS, kLittle), std::nullopt);
    EXPECT_EQ(decimal(as_bytes("1 2"), vr::DS, kLittle), std::nullopt);
    EXPECT_EQ(decimal(hex("0000c07f"), vr::FL, kLittle), std::nullopt) << "NaN";
    EXPECT_EQ(decimal(hex("0000807f"), vr::FL, kLittle), std::nullopt) << "infinity";
}

Date date(int year, unsigned month, unsigned day) {
    return {std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
}

TEST(ParseDate, TakesBothFormsAndDaysOfTheCalendarOnly) {
    EXPECT_EQ(parse_date("20240229 "), date(2024, 2, 29));
    EXPECT_EQ(parse_date("1997.07.16"), date(1997, 7, 16));
    for (const char* wrong : {"20230229", "20231301", "2023010", "2023-01-01", "202301011", "",
                              "abcdefgh", "19970716-"}) {
        EXPECT_EQ(parse_date(wrong), std::nullopt) << wrong;
    }
}

TEST(ParseTime, TakesEveryPrecision) {
    EXPECT_EQ(parse_time("070907.0705 "), 7h + 9min + 7s + 70500us);
    EXPECT_EQ(parse_time("1010"), 10h + 10min);
    EXPECT_EQ(parse_time("23"), microseconds(23h));
    EXPECT_EQ(parse_time("235960"), 23h + 59min + 60s);
    EXPECT_EQ(parse_time("07:09:07"), 7h + 9min + 7s);
    for (const char* wrong :
         {"24", "2360", "021", "10.5", "101010.", "101010.1234567", "", "10101", "1010101"}) {
        EXPECT_EQ(parse_time(wrong), std::nullopt) << wrong;
    }
}

TEST(ParseDateTime, TakesEveryPrecisionAndTheOffset) {
    const auto full = parse_date_time("20070101235959.999999-0500");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->date, date(2007, 1, 1));
    EXPECT_EQ(full->time, 23h + 59min + 59s + 999999us);
    EXPECT_EQ(full->offset_from_utc, -5h);
    const auto year = parse_date_time("1953");
    ASSERT_TRUE(year);
    EXPECT_EQ(year->date, date(1953, 1, 1));
    EXPECT_EQ(year->offset_from_utc, std::nullopt);
    EXPECT_EQ(parse_date_time("195308+0100")->offset_from_utc, 1h);
    EXPECT_EQ(parse_date_time("1953082711")->time, 11h);
    for (const char* wrong :
         {"", "195", "19531", "195313", "19530827+01", "19530827+1500", "1953082725"}) {
        EXPECT_FALSE(parse_date_time(wrong)) << wrong;
    }
}

TEST(PersonName, HasGroupsAndComponents) {
    const auto name = parse_person_name("Adams^John Robert Quincy^^Rev.^B.A. M.Div.=x= y ");
    EXPECT_EQ(name.ideographic, "x");
    EXPECT_EQ(name.phonetic, "y");
    EXPECT_THAT(person_name_components(name.alphabetic),
                ElementsAre("Adams", "John Robert Quincy", "", "Rev.", "B.A. M.Div."));
    EXPECT_EQ(parse_person_name("only").ideographic, "");
    EXPECT_THAT(person_name_components("a^b^c^d^e^f"), ElementsAre("a", "b", "c", "d", "e"));
}

ByteBuffer sample(Encoding encoding) {
    Writer writer(encoding);
    writer.text({0x0008, 0x0005}, vr::CS, "ISO_IR 100");
    writer.text({0x0008, 0x0020}, vr::DA, "20240102");
    writer.text({0x0010, 0x0010}, vr::PN, "J\xe9r\xf4me");
    writer.start_sequence({0x0008, 0x1140});  // behind a higher tag: sets are not always sorted
    writer.start_item(LengthForm::Defined);
    writer.text({0x0008, 0x0104}, vr::LO, "\xe9");
    writer.end_item();
    writer.start_item();
    writer.text({0x0008, 0x0005}, vr::CS, "ISO_IR 192");
    writer.text({0x0008, 0x0104}, vr::LO, "\xc3\xa9");
    writer.end_item();
    writer.end_sequence();
    writer.number({0x0028, 0x0010}, vr::US, 512);
    writer.text({0x0028, 0x0030}, vr::DS, "0.5\\0.25");
    writer.number({0x0028, 0x0010}, vr::US, 256);  // again: the last one counts
    return writer.take();
}

TEST(Attributes, AnswerByTag) {
    for (const Encoding encoding : {kExplicitLittle, kImplicitLittle}) {
        const ByteBuffer bytes = sample(encoding);
        const auto all = Attributes::read(bytes, encoding);
        ASSERT_TRUE(all) << all.error().message;
        EXPECT_EQ(all->elements().size(), 6U);
        EXPECT_EQ(all->text({0x0010, 0x0010}), "Jérôme");
        EXPECT_EQ(all->integer({0x0028, 0x0010}), 256);
        EXPECT_THAT(all->decimals({0x0028, 0x0030}), ElementsAre(0.5, 0.25));
        EXPECT_EQ(all->decimal({0x0028, 0x0030}, 1), 0.25);
        EXPECT_EQ(all->date({0x0008, 0x0020}), date(2024, 1, 2));
        EXPECT_EQ(all->text({0x0010, 0x0020}), "");
        EXPECT_EQ(all->integer({0x0010, 0x0020}), std::nullopt);
        EXPECT_EQ(all->find({0x0010, 0x0020}), nullptr);
    }
}

TEST(Attributes, GiveItemsTheCharacterSetThatTheyInherit) {
    for (const Encoding encoding : {kExplicitLittle, kImplicitLittle}) {
        const ByteBuffer bytes = sample(encoding);
        const auto all = Attributes::read(bytes, encoding);
        ASSERT_TRUE(all);
        const auto items = all->items({0x0008, 0x1140});
        ASSERT_TRUE(items) << items.error().message;
        ASSERT_EQ(items->size(), 2U);
        EXPECT_EQ(items->at(0).text({0x0008, 0x0104}), "é");
        EXPECT_EQ(items->at(1).text({0x0008, 0x0104}), "é");
        EXPECT_TRUE(all->items({0x0010, 0x0010})->empty()) << "no sequence";
        EXPECT_TRUE(all->items({0x0040, 0x0275})->empty()) << "not there";
    }
}

TEST(Attributes, StopAtTheTagThatTheCallerNames) {
    // Pixel Data says that it is longer than the file.
    const ByteBuffer bytes = hex("2800 1000 'US' 0200 0001 e07f 1000 'OW' 0000 ffff0000 0000");
    EXPECT_FALSE(Attributes::read(bytes, kExplicitLittle));
    const auto rows = Attributes::read(bytes, kExplicitLittle, {0x0028, 0x0010});
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->integer({0x0028, 0x0010}), 256);
}

TEST(Attributes, ReadItemsInsideUnAsImplicitLittleEndian) {
    // (0008,1140) UN of undefined length, item, (0008,0104) "AB" in Implicit VR.
    const ByteBuffer bytes =
        hex("0800 4011 'UN' 0000 ffffffff  feff 00e0 ffffffff  0800 0401 02000000 'AB'"
            "feff 0de0 00000000 feff dde0 00000000");
    const auto all = Attributes::read(bytes, kExplicitLittle);
    ASSERT_TRUE(all) << all.error().message;
    const auto items = all->items({0x0008, 0x1140});
    ASSERT_TRUE(items) << items.error().message;
    ASSERT_EQ(items->size(), 1U);
    EXPECT_EQ(items->at(0).text({0x0008, 0x0104}), "AB");
}

}  // namespace
}  // namespace larmor::dicom
