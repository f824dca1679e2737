// Documents of OpenSearch's stand-in are altered, dropped and doubled by hand: a check names
// each, and a repair mends it.
#include <simdjson.h>

#include <functional>

#include "index/search/opensearch/opensearch_index.h"
#include "index/search/opensearch/stored_documents.h"
#include "index/search/parse_query.h"
#include "index/search/tests/check_given.h"
#include "index/search/tests/stand_in.h"

namespace larmor::index::search::opensearch {
namespace {

using testing::CheckedCatalog;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kFirst;
using testing::kOther;
using testing::must_be;
using testing::StandIn;

std::string id_of_set(char letter) {
    return id_of(std::string(32, 'd'), std::string(32, letter));
}

struct Document {
    std::int64_t version = 0;
    std::string source;
};

struct Damage {
    std::string what;
    std::function<void(StandIn&)> act;
    Drift drift;
};

Drift drift(std::string study, std::size_t missing, std::size_t extra, std::size_t different) {
    return {.study_instance_uid = std::move(study),
            .table = "documents",
            .missing = missing,
            .extra = extra,
            .different = different};
}

Document read(StandIn& engine, const std::string& id) {
    const std::string answer = engine.ask("GET", "/larmor-search/_doc/" + id);
    simdjson::dom::parser parser;
    const auto root = parser.parse(answer);
    return {root["_version"].get_int64().value(), simdjson::minify(root["_source"].value())};
}

/// A document with a part of another one's text exchanged, under an id.
std::function<void(StandIn&)> exchanged(char from, const std::string& part,
                                        const std::string& by, const std::string& to,
                                        std::int64_t later = 0) {
    return [=](StandIn& engine) {
        auto document = read(engine, id_of_set(from));
        const auto at = document.source.find(part);
        ASSERT_NE(at, std::string::npos) << document.source;
        document.source.replace(at, part.size(), by);
        engine.put(to, document.version + later, document.source);
    };
}
std::function<void(StandIn&)> altered(char set, const std::string& part,
                                      const std::string& by) {
    return exchanged(set, part, by, id_of_set(set));
}

std::vector<Damage> damages() {
    const auto twin = [](const char* id) { return std::string(32, 'd') + "-" + id; };
    return {
        {"a name is another", altered('b', "MISTER^CT", "BY^HAND"), drift(kFirst, 0, 0, 1)},
        {"a word is gone", altered('b', R"("mister",)", ""), drift(kFirst, 0, 0, 1)},
        {"an instance is another", altered('b', "1.2.1.2.1", "1.2.1.2.9"),
         drift(kFirst, 0, 0, 1)},
        {"a value of an instance is another", altered('a', R"("Rows":512)", R"("Rows":64)"),
         drift(kFirst, 0, 0, 1)},
        {"a version is another", altered('b', R"("version":1)", R"("version":7)"),
         drift(kFirst, 0, 0, 1)},
        {"another study", altered('b', R"(UID":"1.2.1")", R"(UID":"1.2.9")"),
         drift(kFirst, 0, 0, 1)},
        {"a conflict is shown", altered('c', R"("is_shown":false)", R"("is_shown":true)"),
         drift(kFirst, 0, 0, 1)},
        {"a document is gone",
         [](StandIn& engine) {
             engine.remove(id_of_set('b'), read(engine, id_of_set('b')).version);
         },
         drift(kFirst, 1, 0, 0)},
        {"a conflict is gone",
         [](StandIn& engine) {
             engine.remove(id_of_set('c'), read(engine, id_of_set('c')).version);
         },
         drift(kFirst, 1, 0, 0)},
        {"a document is there twice", exchanged('b', "MISTER", "MISTER", twin("twin")),
         drift(kFirst, 0, 1, 0)},
        {"a conflict is there twice", exchanged('c', "false", "false", twin("twin")),
         drift(kFirst, 0, 1, 0)},
        {"an image set is there twice",
         exchanged('b', std::string(32, 'b'), std::string(32, 'f'), id_of_set('f')),
         drift(kFirst, 0, 1, 0)},
        {"a study that nobody has",
         exchanged('b', R"(UID":"1.2.1")", R"(UID":"1.2.9")", twin("twin")),
         drift(kFirst, 0, 1, 0)},
        {"a document says to be deleted",
         [](StandIn& engine) {
             const auto gone = read(engine, id_of_set('0'));
             std::string source = gone.source;
             source.replace(source.find(std::string(32, '0')), 32, std::string(32, 'b'));
             engine.put(id_of_set('b'), read(engine, id_of_set('b')).version, source);
         },
         drift(kFirst, 0, 0, 1)},
        {"what was deleted says to be there",
         exchanged('b', std::string(32, 'b'), std::string(32, '0'), id_of_set('0')),
         drift(kFirst, 0, 1, 0)},
        {"what was deleted is there twice", exchanged('0', "true", "true", twin("twin")),
         drift("", 0, 1, 0)},
        {"shown, and of no study", altered('0', R"("is_shown":false)", R"("is_shown":true)"),
         drift("", 0, 1, 0)},
    };
}

}  // namespace

class OpenSearchCheckTest : public ::testing::Test {
protected:
    void SetUp() override {
        stand_in_ = StandIn::start();
        if (!stand_in_) GTEST_SKIP() << "OpenSearch's API description is not installed";
        index_ = make_opensearch_index(stand_in_->address());
        catalog_.apply_to(*index_);
    }

    std::size_t found(const std::string& word) {
        stand_in_->refresh("larmor-search");
        return must_be(index_->search(must_be(parse_query(R"({"text":")" + word + "\"}"))))
            .total;
    }

    const CheckedCatalog catalog_;
    std::unique_ptr<StandIn> stand_in_;
    std::unique_ptr<SearchIndex> index_;
};

TEST_F(OpenSearchCheckTest, FindsNothingInWhatWasApplied) {
    // Nobody has waited for a refresh.
    EXPECT_THAT(catalog_.compare(*index_), IsEmpty());
    EXPECT_THAT(must_be(index_->list_studies("", 10)), ElementsAre(kFirst, kOther));
    EXPECT_THAT(must_be(index_->list_studies("", 1)), ElementsAre(kFirst));
    EXPECT_THAT(must_be(index_->list_studies(kFirst, 10)), ElementsAre(kOther));
}

TEST_F(OpenSearchCheckTest, NamesADocumentThatWasAlteredDroppedOrDoubledAndRepairsIt) {
    for (const auto& damage : damages()) {
        SCOPED_TRACE(damage.what);
        damage.act(*stand_in_);
        stand_in_->refresh("larmor-search");

        ASSERT_THAT(catalog_.compare(*index_), Contains(damage.drift));

        catalog_.repair(*index_);
        ASSERT_THAT(catalog_.compare(*index_), IsEmpty());
        ASSERT_EQ(found("mister"), 1U);
        ASSERT_EQ(found("hand"), 0U);
    }
}

TEST_F(OpenSearchCheckTest, ReadsPageByPageAndLeavesNoPointInTimeOpen) {
    auto many = catalog_.study("1.2.5");
    for (int i = 0; i < 120; ++i) {
        const std::string number = std::to_string(1000 + i);
        many.image_sets.push_back(testing::document_of({.id = std::string(28, '5') + number,
                                                        .study = "1.2.5",
                                                        .series = "1.2.5." + number}));
        must_be(index_->apply(many.image_sets.back()));
    }
    // The engine refuses the 301st that is open.
    ASSERT_THAT(must_be(index_->compare(std::vector{many})), IsEmpty());
    many.image_sets.resize(78);
    const auto none = catalog_.study("1.2.99");
    for (int i = 0; i < 310; ++i) {
        ASSERT_THAT(must_be(index_->compare(std::vector{none})), IsEmpty());
    }
    stand_in_->remove(id_of(many.datastore_id, many.image_sets[77].image_set_id), 1LL << 50);
    EXPECT_THAT(must_be(index_->compare(std::vector{many})),
                ElementsAre(drift("1.2.5", 1, 42, 0)));
}

TEST_F(OpenSearchCheckTest, AVersionThatNothingCouldGoOverGoesWhenTheEngineHasForgottenIt) {
    exchanged('b', "MISTER", "MISTER", id_of_set('b'), 1'000'000)(*stand_in_);
    EXPECT_THAT(catalog_.compare(*index_), ElementsAre(drift(kFirst, 0, 0, 1)));
    auto study = catalog_.study(kFirst);
    EXPECT_EQ(must_be(index_->repair(study)), Target::Applied::Older);

    study.is_forced = true;
    EXPECT_EQ(must_be(index_->repair(study)), Target::Applied::Older);
    EXPECT_THAT(catalog_.compare(*index_), ElementsAre(drift(kFirst, 1, 0, 0)));
    stand_in_->ask("POST", "/_stand_in/let_pass?seconds=61");
    EXPECT_EQ(must_be(index_->repair(catalog_.study(kFirst))), Target::Applied::Written);

    EXPECT_THAT(catalog_.compare(*index_), IsEmpty());
}

TEST_F(OpenSearchCheckTest, SaysWhereTheEngineDoesNotRemoveWhatShouldNotBeThere) {
    exchanged('0', "true", "true", "twin")(*stand_in_);
    ASSERT_THAT(catalog_.compare(*index_), ElementsAre(drift("", 0, 1, 0)));

    stand_in_->ask("POST", "/_stand_in/fail_items?count=1&status=429");
    const auto busy = index_->repair(catalog_.study(""));
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, ErrorCode::Unavailable);
    stand_in_->ask("POST", "/_stand_in/fail_items?count=1&status=409");
    EXPECT_EQ(must_be(index_->repair(catalog_.study(""))), Target::Applied::Older);

    EXPECT_THAT(catalog_.compare(*index_), ElementsAre(drift("", 0, 1, 0)));
    EXPECT_EQ(must_be(index_->repair(catalog_.study(""))), Target::Applied::Written);
    EXPECT_THAT(catalog_.compare(*index_), IsEmpty());
}

TEST_F(OpenSearchCheckTest, NeverRepairsWithWhatIsOlderThanADocument) {
    must_be(index_->apply(testing::document_of(
        {.version = 2, .sequence = 1000, .patient_name = "NEW^NAME", .instances = {"1.9"}})));

    EXPECT_EQ(must_be(index_->repair(catalog_.study(kFirst))), Target::Applied::Older);

    EXPECT_EQ(found("new"), 1U);
}

TEST_F(OpenSearchCheckTest, TakesAStudyAwayThatTheCatalogHasNot) {
    auto gone = catalog_.study(kOther);
    gone.image_sets.clear();
    EXPECT_THAT(must_be(index_->compare(std::vector{gone})),
                ElementsAre(drift(kOther, 0, 1, 0)));

    must_be(index_->repair(gone));

    EXPECT_THAT(must_be(index_->compare(std::vector{gone, catalog_.study("")})), IsEmpty());
    // What is late does not bring it back.
    EXPECT_EQ(must_be(index_->apply(testing::document_of(
                  {.id = std::string(32, 'e'), .sequence = 7, .study = kOther}))),
              Target::Applied::Older);
    EXPECT_THAT(stand_in_->ask("GET", "/larmor-search/_doc/" + id_of_set('e')),
                HasSubstr(R"("is_deleted": true)"));
}

}  // namespace larmor::index::search::opensearch
