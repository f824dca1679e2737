#include "index/search/opensearch/bulk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "index/search/opensearch/set_up.h"
#include "index/search/tests/stand_in.h"

namespace larmor::index::search::opensearch {

using testing::StandIn;

class BulkTest : public ::testing::Test {
protected:
    void SetUp() override {
        stand_in_ = StandIn::start();
        if (!stand_in_) GTEST_SKIP() << "OpenSearch's API description is not installed";
        requester_ = std::make_unique<Requester>(stand_in_->address());
        bulk_ = std::make_unique<Bulk>(*requester_);
    }
    Result<Target::Applied> put(const std::string& id, std::int64_t version) {
        return bulk_->put(
            {.id = id, .version = version, .document = R"({"image_set_id":"a"})"});
    }
    bool has(const std::string& id) {
        return requester_->send({.method = "GET", .target = "/larmor-search/_doc/" + id})
                   .value()
                   .status == 200;
    }

    std::unique_ptr<StandIn> stand_in_;
    std::unique_ptr<Requester> requester_;
    std::unique_ptr<Bulk> bulk_;
};

TEST_F(BulkTest, RemovesWhatIsNotNewer) {
    ASSERT_TRUE(set_up(*requester_));
    ASSERT_EQ(put("one", 7), Target::Applied::Written);
    ASSERT_EQ(put("one", 7), Target::Applied::Written);
    EXPECT_EQ(bulk_->remove("one", 6), Target::Applied::Older);
    EXPECT_TRUE(has("one"));

    EXPECT_EQ(bulk_->remove("one", 7), Target::Applied::Written);
    EXPECT_FALSE(has("one"));
    EXPECT_EQ(put("one", 6), Target::Applied::Older);
    // The engine answers with status 404 that there is none.
    EXPECT_EQ(bulk_->remove("one", 8), Target::Applied::Written);
    EXPECT_EQ(bulk_->remove("another", 1), Target::Applied::Written);
}

TEST_F(BulkTest, HasAnErrorWhereAnItemHas) {
    EXPECT_EQ(put("one", 1).error().code, ErrorCode::Unavailable);
    EXPECT_EQ(bulk_->remove("one", 1).error().code, ErrorCode::Unavailable);
    ASSERT_TRUE(set_up(*requester_));
    const auto refused =
        bulk_->put({.id = "one", .version = 1, .document = R"({"unknown":"a"})"});
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
    stand_in_->ask("POST", "/_stand_in/fail_items?count=2&status=429");
    EXPECT_EQ(put("one", 1).error().code, ErrorCode::Unavailable);
    EXPECT_EQ(bulk_->remove("one", 1).error().code, ErrorCode::Unavailable);
}

TEST_F(BulkTest, GivesEachOfManyThreadsItsOwnOutcome) {
    ASSERT_TRUE(set_up(*requester_));
    std::atomic<int> right = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&, id = std::to_string(i)] {
            for (int version = 10; version < 15; ++version) {
                const bool is_put = put(id, version) == Target::Applied::Written;
                const bool is_older = bulk_->remove(id, 5) == Target::Applied::Older;
                const bool is_removed = bulk_->remove(id, version) == Target::Applied::Written;
                right += is_put && is_older && is_removed ? 1 : 0;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(right, 16 * 5);
}

}  // namespace larmor::index::search::opensearch
