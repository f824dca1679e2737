#include "larmor/import_report.h"

namespace larmor {
namespace {

TEST(ClosingLine, CountsAnAlternateAsImported) {
    const ingest::ImportTally tally{.imported = 7,
                                    .duplicates = 2,
                                    .alternates = 1,
                                    .conflicts = 3,
                                    .rejected = 4,
                                    .bytes = 123456,
                                    .bytes_passed = 200000};
    EXPECT_EQ(
        closing_line(tally, 1.25),
        "imported 8 instances, 2 duplicates, 3 conflicts, 4 rejected, 123456 bytes in 1.2 s");
    EXPECT_EQ(json_summary(tally, 1.25),
              R"({"imported":7,"duplicates":2,"alternates":1,"conflicts":3,"rejected":4,)"
              R"("bytes":123456,"seconds":1.250})");
}

TEST(FormatDuration, IsWhatAClockShows) {
    EXPECT_EQ(format_duration(0), "0:00");
    EXPECT_EQ(format_duration(59.6), "1:00");
    EXPECT_EQ(format_duration(3723), "1:02:03");
    EXPECT_EQ(format_duration(-1), "-:--");
    EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "-:--");
}

}  // namespace
}  // namespace larmor
