#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index/search/opensearch/opensearch_index.h"
#include "index/search/parse_query.h"
#include "index/search/tests/given.h"
#include "index/search/tests/stand_in.h"

namespace larmor::index::search::opensearch {
namespace {

using testing::document_of;
using testing::Given;
using ::testing::HasSubstr;
using testing::StandIn;

class OpenSearchTest : public ::testing::Test {
protected:
    void SetUp() override {
        stand_in_ = StandIn::start();
        if (!stand_in_) GTEST_SKIP() << "OpenSearch's API description is not installed";
        index_ = make_opensearch_index(stand_in_->address());
    }
    std::size_t found(SearchIndex& index) const {
        stand_in_->refresh("larmor-search");
        return index.search(parse_query("{}").value()).value().total;
    }
    std::unique_ptr<StandIn> stand_in_;
    std::unique_ptr<SearchIndex> index_;
};

TEST(OpenSearchAddressTest, HasNoPassword) {
    const auto full = parse_address("https://larmor@search.example:9201/radiology");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->host, "search.example");
    EXPECT_EQ(full->port, 9201);
    EXPECT_EQ(full->user, "larmor");
    EXPECT_EQ(full->alias, "radiology");
    EXPECT_TRUE(full->tls);
    const auto least = parse_address("http://[::1]");
    ASSERT_TRUE(least);
    EXPECT_EQ(least->host, "::1");
    EXPECT_EQ(least->port, 9200);
    EXPECT_EQ(least->alias, "larmor-search");
    for (const char* wrong : {"search.example", "https://", "https://a:b@h", "http://h:0",
                              "http://h:99999", "http://h/Upper", "http://h/a/b"}) {
        EXPECT_FALSE(parse_address(wrong)) << wrong;
    }
}

TEST_F(OpenSearchTest, IsUnavailableWhileTheClusterIsAndGoesOnAfterwards) {
    ASSERT_TRUE(index_->wanted());
    for (const char* status : {"429", "503", "401"}) {
        stand_in_->ask("POST", std::string("/_stand_in/fail?count=1&status=") + status);
        const auto applied = index_->apply(document_of({}));
        ASSERT_FALSE(applied);
        EXPECT_EQ(applied.error().code, ErrorCode::Unavailable) << status;
    }
    ASSERT_TRUE(index_->apply(document_of({})));
    EXPECT_EQ(found(*index_), 1U);
    const auto alone = make_opensearch_index(parse_address("http://127.0.0.1:1").value());
    EXPECT_EQ(alone->wanted().error().code, ErrorCode::Unavailable);
}

// It answers to all else: it is back when it takes what it refused.
TEST_F(OpenSearchTest, IsUnavailableUntilItTakesADocumentThatItRefused) {
    ASSERT_TRUE(index_->wanted());
    for (const char* status : {"403", "429"}) {
        stand_in_->ask("POST", std::string("/_stand_in/fail_items?count=2&status=") + status);
        EXPECT_EQ(index_->apply(document_of({})).error().code, ErrorCode::Unavailable);
        EXPECT_EQ(index_->wanted().error().code, ErrorCode::Unavailable) << status;
        EXPECT_TRUE(index_->wanted()) << status;
        EXPECT_TRUE(index_->wanted()) << status;
    }
    EXPECT_EQ(found(*index_), 1U);
}

TEST_F(OpenSearchTest, LibrariesShareAClusterUnderAliasesThatBeginAlike) {
    ASSERT_TRUE(index_->apply(document_of({})));
    const auto other = make_opensearch_index(stand_in_->address("larmor-search-b"));
    ASSERT_TRUE(other->apply(document_of({.sequence = 2, .study = "1.2.7"})));
    EXPECT_EQ(found(*index_), 1U);
    EXPECT_EQ(index_->apply(document_of({})).value(), Target::Applied::Written);
}

TEST_F(OpenSearchTest, SignsInWithNameAndPassword) {
    stand_in_->ask("POST", "/_stand_in/sign_in?user=larmor&password=secret");
    EXPECT_EQ(index_->wanted().error().code, ErrorCode::Unavailable);
    auto address = stand_in_->address();
    address.user = "larmor";
    address.password = "secret";
    EXPECT_TRUE(make_opensearch_index(address)->wanted());
    address.password = "other";
    EXPECT_FALSE(make_opensearch_index(address)->wanted());
}

TEST_F(OpenSearchTest, AnIndexOfAnOlderMappingIsCopiedAndFilledAgain) {
    // As the version before made it, which had of instances but two lists.
    const std::string keyword = R"({"type":"keyword"})";
    stand_in_->ask("POST", "/_index_template/larmor-search",
                   R"({"index_patterns":["larmor-search-*"],"priority":113,"template":)"
                   R"({"settings":{"index":{"number_of_shards":1}},"mappings":)"
                   R"({"dynamic":"strict","properties":{"image_set_id":)" +
                       keyword + R"(,"StudyInstanceUID":)" + keyword + R"(,"SOPInstanceUID":)" +
                       keyword + R"(,"SOPClassUID":)" + keyword +
                       R"(,"is_shown":{"type":"boolean"},"instances":{"type":"long"}}}}})");
    stand_in_->ask("PUT", "/larmor-search-1");
    stand_in_->ask(
        "POST", "/_aliases",
        R"({"actions":[{"add":{"index":"larmor-search-1","alias":"larmor-search"}}]})");
    const auto newest = document_of({.sequence = 7});
    const std::string id = newest.datastore_id + "-" + newest.image_set_id;
    const auto version = (std::int64_t{1} << 44) + 7;
    stand_in_->put(id, version,
                   R"({"image_set_id":")" + newest.image_set_id +
                       R"(","StudyInstanceUID":"1.2.1","is_shown":true,"instances":2,)"
                       R"("SOPInstanceUID":["1.2.1.1.1"],"SOPClassUID":["1.2"]})");

    EXPECT_TRUE(index_->needs_rebuild().value());

    EXPECT_THAT(stand_in_->ask("GET", "/_alias/larmor-search"), HasSubstr("larmor-search-2"));
    EXPECT_EQ(found(*index_), 1U);
    EXPECT_EQ(index_->apply(document_of({.sequence = 6})).value(), Target::Applied::Older);
    EXPECT_EQ(index_->apply(newest).value(), Target::Applied::Written);
    stand_in_->refresh("larmor-search");
    EXPECT_FALSE(index_->needs_rebuild().value());
    EXPECT_EQ(index_->search(parse_query(R"({"level":"instance"})").value()).value().total, 2U);
}

TEST_F(OpenSearchTest, NothingIsKnownToBeMissingWhereTheClusterIsAway) {
    stand_in_->ask("POST", "/_stand_in/fail?count=1&status=503");
    EXPECT_FALSE(index_->needs_rebuild().value());
    ASSERT_TRUE(index_->apply(document_of({})));
    stand_in_->ask("POST", "/_stand_in/fail?count=1&status=503");
    EXPECT_FALSE(index_->needs_rebuild().value());
}

TEST_F(OpenSearchTest, AnImageSetHasMoreInstancesThanTheEngineTakesByItself) {
    Given large;
    large.instances.clear();
    for (int i = 1; i <= 10'001; ++i) {
        large.instances.push_back("1.2.1.1." + std::to_string(i));
    }
    ASSERT_EQ(index_->apply(document_of(large)), Target::Applied::Written);
    stand_in_->refresh("larmor-search");
    const auto answer = index_->search(
        parse_query(R"({"level":"instance","offset":9998,"limit":2,"totalUpTo":20000})")
            .value());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->total, 10'001U);
    ASSERT_EQ(answer->hits.size(), 2U);
    EXPECT_EQ(testing::value_of(answer->hits[1], "SOPInstanceUID"), "1.2.1.1.10000");
}

}  // namespace
}  // namespace larmor::index::search::opensearch
