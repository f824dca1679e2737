// Rows of the embedded index, its words among them, are altered, dropped and doubled by hand: a
// check names each, and a repair mends it.
#include "db/sqlite/sqlite_database.h"
#include "index/search/embedded/embedded_index.h"
#include "index/search/parse_query.h"
#include "index/search/tests/check_given.h"
#include "index/search/tests/folder.h"

namespace larmor::index::search::embedded {
namespace {

using testing::CheckedCatalog;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kFirst;
using testing::kOther;
using testing::must_be;

struct Damage {
    std::string sql;
    Drift drift;
};

Drift missing(std::string table) {
    return {.study_instance_uid = kFirst, .table = std::move(table), .missing = 1};
}
Drift extra(std::string table, std::string study = kFirst) {
    return {.study_instance_uid = std::move(study), .table = std::move(table), .extra = 1};
}
Drift different(std::string table, std::string study = kFirst) {
    return {.study_instance_uid = std::move(study), .table = std::move(table), .different = 1};
}

/// A row altered, dropped and doubled in each of the tables. Where a key is unique, a doubled
/// row has another one.
std::vector<Damage> damages() {
    const std::string set = " WHERE image_set_id LIKE 'bbb%'";
    const std::string id = "(SELECT id FROM image_sets" + set + ")";
    const std::string study = " WHERE \"StudyInstanceUID\" = '1.2.1'";
    const std::string instance = " WHERE \"SOPInstanceUID\" = '1.2.1.2.1'";
    const std::string kinds = " WHERE image_set = " + id;
    const std::string two_kinds =
        " WHERE image_set = (SELECT id FROM image_sets WHERE image_set_id LIKE 'aaa%')";
    const std::string columns = "\"SOPClassUID\", \"InstanceNumber\" FROM instances" + instance;
    return {
        {"UPDATE image_sets SET \"PatientName\" = 'BY^HAND'" + set, different("image_sets")},
        {"UPDATE image_sets SET \"SeriesNumber\" = 9" + set, different("image_sets")},
        {"UPDATE image_sets SET \"ProtocolName\" = NULL" + set, different("image_sets")},
        {"UPDATE image_sets SET version = 7" + set, different("image_sets")},
        {"UPDATE image_sets SET sequence = 1000000" + set, different("image_sets")},
        {"UPDATE image_sets SET is_deleted = 1, is_shown = 0, study = NULL" + set,
         different("image_sets")},
        {"UPDATE image_sets SET study = NULL" + set, different("image_sets")},
        {"UPDATE image_sets SET study = (SELECT study FROM image_sets WHERE image_set_id LIKE"
         " 'eee%')" +
             set,
         extra("image_sets", kOther)},
        {"UPDATE image_sets SET is_shown = 1, study = (SELECT study FROM image_sets" + set +
             ") WHERE image_set_id LIKE '000%'",
         extra("image_sets")},
        {"UPDATE image_sets SET is_shown = 1 WHERE image_set_id LIKE '000%'",
         extra("image_sets", "")},
        {"UPDATE image_sets SET image_set_id = 'f'" + set,
         {.study_instance_uid = kFirst, .table = "image_sets", .missing = 1, .extra = 1}},
        {"DELETE FROM image_sets" + set, missing("image_sets")},
        // The last one, whose number is given again.
        {"DELETE FROM image_sets WHERE image_set_id LIKE '000%'; DELETE FROM image_sets WHERE"
         " image_set_id LIKE 'eee%'",
         {.study_instance_uid = kOther, .table = "image_sets", .missing = 1}},
        {"INSERT INTO image_sets (datastore_id, image_set_id, epoch, sequence, version,"
         " is_deleted, is_shown, instances, study) SELECT datastore_id, 'g', epoch, sequence,"
         " version, is_deleted, is_shown, instances, study FROM image_sets" +
             set,
         extra("image_sets")},
        {"UPDATE studies SET modalities = 'CT'" + study, different("studies")},
        {"UPDATE studies SET instances = 4" + study, different("studies")},
        {"UPDATE studies SET \"StudyDescription\" = ''" + study, different("studies")},
        {"DELETE FROM studies" + study, missing("studies")},
        {"INSERT INTO studies (modalities, series, instances, \"StudyInstanceUID\") VALUES"
         " ('CT', 1, 1, '1.2.9')",
         extra("studies", "1.2.9")},
        {"UPDATE instances SET \"Rows\" = 3" + instance, different("instances")},
        {"UPDATE instances SET \"InstanceNumber\" = NULL" + instance, different("instances")},
        {"UPDATE instances SET position = 7" + instance, different("instances")},
        {"DELETE FROM instances" + instance, missing("instances")},
        {"INSERT INTO instances (image_set, position, \"SOPInstanceUID\", \"SOPClassUID\","
         " \"InstanceNumber\") SELECT image_set, 7, \"SOPInstanceUID\", " +
             columns,
         extra("instances")},
        {"INSERT INTO instances (image_set, position, \"SOPInstanceUID\") VALUES (999, 0, '1')",
         extra("instances", "")},
        {"UPDATE instance_kinds SET \"Rows\" = 3" + kinds, different("instance_kinds")},
        {"UPDATE instance_kinds SET instances = 3" + kinds, different("instance_kinds")},
        {"UPDATE instance_kinds SET \"Rows\" = 3" + two_kinds + " AND \"Rows\" = 512",
         different("instance_kinds")},
        {"UPDATE instance_kinds SET instances = 3" + two_kinds,
         {.study_instance_uid = kFirst, .table = "instance_kinds", .different = 2}},
        {"DELETE FROM instance_kinds" + kinds, missing("instance_kinds")},
        {"INSERT INTO instance_kinds (image_set, position, instances) SELECT image_set, 7, 1"
         " FROM instance_kinds" +
             kinds,
         extra("instance_kinds")},
        {"INSERT INTO instance_kinds (image_set, position, instances) VALUES (999, 0, 1)",
         extra("instance_kinds", "")},
        {"UPDATE words SET patient_name = 'hand ' WHERE rowid = " + id, different("words")},
        {"UPDATE words SET other = '' WHERE rowid = " + id, different("words")},
        {"DELETE FROM words WHERE rowid = " + id, missing("words")},
        {"INSERT INTO words (rowid, patient_name, physician_name, other) SELECT 999,"
         " patient_name, physician_name, other FROM words WHERE rowid = " +
             id,
         extra("words", "")},
        // Below FTS5, whose index has the words that there were.
        {"UPDATE words_content SET c0 = 'hand ' WHERE id = " + id, different("words")},
        {"UPDATE words_content SET c0 = 'hand ' WHERE id = " + id,
         different("words_index", "")},
        // The rows are right, and the index is of others.
        {"CREATE TEMP TABLE kept AS SELECT * FROM words_content; UPDATE words_content SET c0 ="
         " 'hand '; INSERT INTO words (words) VALUES ('rebuild'); UPDATE words_content SET c0 ="
         " (SELECT k.c0 FROM kept k WHERE k.id = words_content.id); DROP TABLE kept",
         different("words_index", "")},
    };
}

}  // namespace

class EmbeddedCheckTest : public ::testing::Test {
protected:
    EmbeddedCheckTest() {
        open();
        catalog_.apply_to(*index_);
    }
    std::filesystem::path file() const { return folder_.path() / "search.sqlite"; }
    void open() { index_ = must_be(open_embedded_index(file())); }

    void run(const std::string& sql) {
        index_.reset();
        {
            const auto database = must_be(db::sqlite::open_sqlite({.path = file()}));
            const auto done = database->write_and_wait(
                [&](db::Transaction& tx) { return tx.run_script(sql + ';'); });
            if (!done) throw std::runtime_error(sql + ": " + done.error().message);
        }
        open();
    }

    std::size_t found(const std::string& word) {
        return must_be(index_->search(must_be(parse_query(R"({"text":")" + word + "\"}"))))
            .total;
    }

    const testing::Folder folder_;
    const CheckedCatalog catalog_;
    std::unique_ptr<SearchIndex> index_;
};

TEST_F(EmbeddedCheckTest, FindsNothingInWhatWasApplied) {
    EXPECT_THAT(catalog_.compare(*index_), IsEmpty());
    EXPECT_THAT(must_be(index_->list_studies("", 10)), ElementsAre(kFirst, kOther));
    EXPECT_THAT(must_be(index_->list_studies("", 1)), ElementsAre(kFirst));
    EXPECT_THAT(must_be(index_->list_studies(kFirst, 10)), ElementsAre(kOther));
}

TEST_F(EmbeddedCheckTest, NamesARowThatWasAlteredDroppedOrDoubledInEachTableAndRepairsIt) {
    for (const auto& damage : damages()) {
        SCOPED_TRACE(damage.sql);
        run(damage.sql);

        ASSERT_THAT(catalog_.compare(*index_), Contains(damage.drift));

        // The row that says to be of later than all that there is can only be forced.
        catalog_.repair(*index_, damage.sql.find("1000000") != std::string::npos);
        ASSERT_THAT(catalog_.compare(*index_), IsEmpty());
        ASSERT_EQ(found("mister"), 1U);
        ASSERT_EQ(found("other"), 1U);
        ASSERT_EQ(found("hand"), 0U);
    }
}

TEST_F(EmbeddedCheckTest, NeverRepairsWithWhatIsOlderThanARow) {
    must_be(index_->apply(testing::document_of(
        {.version = 2, .sequence = 1000, .patient_name = "NEW^NAME", .instances = {"1.9"}})));

    EXPECT_EQ(must_be(index_->repair(catalog_.study(kFirst))), Target::Applied::Older);

    EXPECT_EQ(found("new"), 1U);
}

TEST_F(EmbeddedCheckTest, TakesAStudyAwayThatTheCatalogHasNot) {
    auto gone = catalog_.study(kOther);
    gone.image_sets.clear();
    EXPECT_THAT(must_be(index_->compare(std::vector{gone})),
                Contains(extra("image_sets", kOther)));

    must_be(index_->repair(gone));

    EXPECT_THAT(must_be(index_->compare(std::vector{gone, catalog_.study("")})), IsEmpty());
    EXPECT_EQ(found("other"), 0U);
    // What is late does not bring it back.
    EXPECT_EQ(must_be(index_->apply(testing::document_of(
                  {.id = std::string(32, 'e'), .sequence = 7, .study = kOther}))),
              Target::Applied::Older);
}

}  // namespace larmor::index::search::embedded
