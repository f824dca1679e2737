#include "index/search/embedded/row_words.h"

#include <gtest/gtest.h>

#include "dicom/tags.h"

namespace larmor::index::search::embedded {
namespace {

Query asking(std::vector<std::string> words, std::vector<Filter> filters = {}) {
    return {.words = std::move(words),
            .filters = std::move(filters),
            .ranges = {},
            .facets = {},
            .sort = {}};
}

}  // namespace

TEST(RowWords, HasWordsThatBeginInAnyColumn) {
    const RowWords row{"anna muster nna ", "doctor ", "chest routine "};
    EXPECT_EQ(row_has_words(asking({"an"}), row), true);
    EXPECT_EQ(row_has_words(asking({"muster", "doc", "rout"}), row), true);
    EXPECT_EQ(row_has_words(asking({"hest"}), row), false);
    EXPECT_EQ(row_has_words(asking({"chest", "nobody"}), row), false);
    EXPECT_EQ(row_has_words(asking({"routines"}), row), false);
}

TEST(RowWords, ANameHasWordsInItsOwnColumn) {
    const RowWords row{"anna ", "doctor ", "chest "};
    const Field& patient = known_field(dicom::tags::PatientName);
    const Field& physician = known_field(dicom::tags::ReferringPhysicianName);
    EXPECT_EQ(row_has_words(asking({}, {{&patient, {"ann"}}}), row), true);
    EXPECT_EQ(row_has_words(asking({}, {{&physician, {"ann"}}}), row), false);
    EXPECT_EQ(row_has_words(asking({}, {{&physician, {"doc", "t"}}}), row), false);
    EXPECT_EQ(row_has_words(asking({"chest"}, {{&physician, {"doc"}}}), row), true);
}

TEST(RowWords, OnlyTheIndexKnowsWhatIsNotFoundInOtherThanAscii) {
    const RowWords row{"山田 ", "", "chest "};
    EXPECT_EQ(row_has_words(asking({"chest"}), row), true);
    EXPECT_EQ(row_has_words(asking({"山"}), row), true);
    EXPECT_EQ(row_has_words(asking({"head"}), row), std::nullopt);
    EXPECT_EQ(row_has_words(asking({"山"}), {"anna ", "", ""}), std::nullopt);
}

}  // namespace larmor::index::search::embedded
