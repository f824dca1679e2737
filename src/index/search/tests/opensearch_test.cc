#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index/search/opensearch/opensearch_index.h"
#include "index/search/parse_query.h"
#include "index/search/tests/given.h"
#include "index/search/tests/stand_in.h"

namespace larmor::index::search::opensearch {
namespace {

using testing::document_of;
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

TEST_F(OpenSearchTest, AnIndexOfAnOlderMappingIsCopiedAndTheAliasMoved) {
    ASSERT_TRUE(index_->apply(document_of({})));
    // As an older version would have named it.
    stand_in_->ask("PUT", "/larmor-search-0");
    stand_in_->ask("GET", "/larmor-search-1/_refresh");
    stand_in_->ask("POST", "/_reindex?wait_for_completion=true",
                   R"({"conflicts":"proceed","source":{"index":"larmor-search-1"},)"
                   R"("dest":{"index":"larmor-search-0","version_type":"external"}})");
    stand_in_->ask(
        "POST", "/_aliases",
        R"({"actions":[{"remove":{"index":"larmor-search-1","alias":"larmor-search"}},)"
        R"({"add":{"index":"larmor-search-0","alias":"larmor-search"}}]})");
    ASSERT_TRUE(index_->apply(document_of(
        {.id = std::string(32, 'b'), .sequence = 7, .study = "1.2.2", .series = "1.2.2.1"})));
    const auto newer = make_opensearch_index(stand_in_->address());
    ASSERT_TRUE(newer->wanted());
    EXPECT_THAT(stand_in_->ask("GET", "/_alias/larmor-search"), HasSubstr("larmor-search-1"));
    EXPECT_EQ(found(*newer), 2U);
    EXPECT_EQ(newer->apply(document_of({.id = std::string(32, 'b'), .sequence = 6})).value(),
              Target::Applied::Older);
}

TEST_F(OpenSearchTest, InstancesOneByOneAreNotKeptAndSaidSo) {
    for (const auto& [json, member] :
         {std::pair(R"({"level":"instance"})", "level"),
          std::pair(R"({"filters":{"Rows":512}})", "filters.Rows"),
          std::pair(R"({"ranges":{"InstanceNumber":{"from":1}}})", "ranges.InstanceNumber")}) {
        const auto answer = index_->search(parse_query(json).value());
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, ErrorCode::Unsupported);
        EXPECT_THAT(answer.error().message, HasSubstr(member));
    }
}

}  // namespace
}  // namespace larmor::index::search::opensearch
