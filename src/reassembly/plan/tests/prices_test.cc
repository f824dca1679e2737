#include "reassembly/plan/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larmor::reassembly::plan {
namespace {

using testing::HasSubstr;

/// What is said of the built-in prices after `from` was replaced by `to`.
std::string message_with(std::string_view from, std::string_view to) {
    std::string text(built_in_prices());
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto prices = read_prices(text);
    return prices ? std::string() : prices.error().message;
}

TEST(ReadPrices, ReadsWhatIsBuiltInWithItsDate) {
    const auto prices = read_prices(built_in_prices());

    ASSERT_TRUE(prices) << prices.error().message;
    EXPECT_EQ(prices->date, "2026-11-30");
    EXPECT_EQ(prices->currency, "USD");
    ASSERT_EQ(prices->tiers.size(), 6U);
    EXPECT_EQ(prices->tiers[2].name, "flexible-expedited");
    EXPECT_EQ(prices->tiers[2].thousand_requests_price, 10);
    EXPECT_EQ(prices->tiers[2].large_from_bytes, 250'000'000U);
    EXPECT_TRUE(prices->tiers[5].never_expires);
}

TEST(ReadPrices, SaysWhichRatesWereMeasuredAndWhen) {
    const auto prices = read_prices(built_in_prices());

    ASSERT_TRUE(prices) << prices.error().message;
    EXPECT_EQ(prices->origin.date, "2026-11-30");
    EXPECT_THAT(prices->origin.machine, HasSubstr("2 processors"));
    EXPECT_THAT(prices->origin.measured, testing::Contains("machine.random_reads_per_second"));
    EXPECT_THAT(prices->origin.scaled, testing::Contains("machine.fused_members_per_second"));
    EXPECT_THAT(message_with("\"machine.random_reads_per_second\"", "\"machine.reads\""),
                HasSubstr("origin names machine.reads, which is no number"));
    EXPECT_THAT(message_with("\"machine.random_reads_per_second\"", "7"),
                HasSubstr("origin.measured has what is no text"));
    EXPECT_THAT(message_with("[origin]", "[origins]"), HasSubstr("origins is not known"));
    EXPECT_THAT(message_with("date = 2026-11-30\nmachine", "machine"),
                HasSubstr("origin.date is missing"));
}

TEST(ReadPrices, NamesWhatIsWrong) {
    EXPECT_THAT(message_with("date = 2026-11-30", "date = \"soon\""),
                HasSubstr("date is no date"));
    EXPECT_THAT(message_with("currency = \"USD\"", ""), HasSubstr("currency is missing"));
    EXPECT_THAT(message_with("days = 7", "days = 0"),
                HasSubstr("restore.days is no number above"));
    EXPECT_THAT(message_with("gib_month_price = 0.023", "gib_month_price = \"x\""),
                HasSubstr("store.gib_month_price is no number of at least 0"));
    EXPECT_THAT(message_with("processors = 32", "processors = 1.5"),
                HasSubstr("machine.processors is no whole number"));
    EXPECT_THAT(message_with("[worker]", "[workers]"), HasSubstr("workers is not known"));
    EXPECT_THAT(message_with("ready_hours = [5, 12]", "ready_hours = [12, 5]"),
                HasSubstr("tier 1.ready_hours has the larger number first"));
    EXPECT_THAT(message_with("hour_price = 0.34", "hour_prize = 0.34"),
                HasSubstr("worker.hour_price is missing"));
    EXPECT_THAT(message_with("days = 7", "days = 7\nnights = 6"),
                HasSubstr("restore.nights is not known"));
    EXPECT_THAT(message_with("[restore]", "[restore"), HasSubstr("prices: line "));
}

}  // namespace
}  // namespace larmor::reassembly::plan
