#include "index/mysql/sql_value.h"

#include <gtest/gtest.h>

namespace larmor::index::mysql {
namespace {

Column column_of(std::string_view type, std::uint64_t characters_max = 0) {
    Column column;
    EXPECT_TRUE(set_type(column, type, false, characters_max));
    return column;
}

std::string as(std::string_view type, const std::string& value) {
    return column_text(column_of(type), value).value_or("NULL");
}

}  // namespace

TEST(SqlValue, GivesDatesAndNullForWhatIsNone) {
    EXPECT_EQ(as("date", "20040229"), "2004-02-29");
    EXPECT_EQ(as("date", "1997.04.24"), "1997-04-24");
    EXPECT_EQ(as("date", "20040119\\20040120"), "2004-01-19");
    EXPECT_EQ(as("date", "20030229"), "NULL");
    EXPECT_EQ(as("date", "2004"), "NULL");
    EXPECT_EQ(as("date", "00000000"), "NULL");
}

TEST(SqlValue, KeepsFractionsOfSeconds) {
    EXPECT_EQ(as("time", "072730"), "07:27:30");
    EXPECT_EQ(as("time", "072730.5"), "07:27:30.500000");
    EXPECT_EQ(as("time", "235959.000001 "), "23:59:59.000001");
    EXPECT_EQ(as("time", "07"), "07:00:00");
    EXPECT_EQ(as("time", "0727"), "07:27:00");
    EXPECT_EQ(as("time", "246000"), "NULL");
    EXPECT_EQ(as("time", "07:27"), "NULL");
}

TEST(SqlValue, GivesMomentsInUtc) {
    EXPECT_EQ(as("datetime", "20240229233000.25+0100"), "2024-02-29 22:30:00.250000");
    EXPECT_EQ(as("datetime", "20240229233000-0100"), "2024-03-01 00:30:00");
    EXPECT_EQ(as("datetime", "20240229"), "2024-02-29 00:00:00");
    EXPECT_EQ(as("datetime", "202402"), "NULL");
}

TEST(SqlValue, TakesOnlyNumbersThatFit) {
    EXPECT_EQ(as("int", "+12 "), "12");
    EXPECT_EQ(as("int", "-2147483648"), "-2147483648");
    EXPECT_EQ(as("int", "2147483648"), "NULL");
    EXPECT_EQ(as("bigint", "2147483648"), "2147483648");
    EXPECT_EQ(as("int", "12.0"), "NULL");
    EXPECT_EQ(as("double", "1.5\\2"), "1.5");
    EXPECT_EQ(as("double", "nan"), "NULL");
}

TEST(SqlValue, CutsTextBetweenCharacters) {
    EXPECT_EQ(column_text(column_of("varchar", 3), "山田太郎"), "山田太");
    EXPECT_EQ(column_text(column_of("varchar", 4), "山田太郎"), "山田太郎");
    EXPECT_EQ(column_text(column_of("text", 16), "ABCDEF"), "ABCD");
}

}  // namespace larmor::index::mysql
