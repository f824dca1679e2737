// An object of a real server as a stream: windows that come ahead, bytes that nobody needs.
#include <gtest/gtest.h>

#include "objects/s3/object_source.h"
#include "objects/tests/s3_server.h"

namespace larmor::objects::s3 {
namespace {
using testing::FaultProxy;
using testing::S3Server;

constexpr std::size_t kMiB = 1 << 20;

class ObjectSourceTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (S3Server::shared() == nullptr) GTEST_SKIP() << "no S3 server is installed";
        static FaultProxy proxy(S3Server::shared()->endpoint());  // it counts
        proxy_ = &proxy;
        proxy_->clear();
        client_ = *Client::open(S3Server::shared()->make_bucket(proxy_->url()));
    }
    Result<PutResult> put(const std::string& key, std::string_view body) {
        return client_->put(key, as_bytes(body), {});
    }
    /// Without its SHA-256, as archives of others are.
    void put_in_parts(const std::string& key, std::string_view body) {
        const auto upload = client_->begin_put(key, {.part_bytes = 5 * kMiB});
        ASSERT_TRUE(upload->write(as_bytes(body)));
        ASSERT_TRUE(upload->finish());
        ASSERT_FALSE(client_->head(key)->sha256);
    }
    std::unique_ptr<ObjectSource> open(const std::string& key, std::size_t window) {
        auto source = ObjectSource::open(*client_, key, {.window_bytes = window});
        EXPECT_TRUE(source) << source.error().message;
        return *std::move(source);
    }
    static std::string pull(ObjectSource& source, std::size_t size) {
        std::string pulled(size, '\0');
        const auto count =
            archive::read_fully(source, std::as_writable_bytes(std::span(pulled)));
        EXPECT_TRUE(count) << count.error().message;
        pulled.resize(count.value_or(0));
        return pulled;
    }

    FaultProxy* proxy_ = nullptr;
    std::unique_ptr<Client> client_;
};

std::string letters_of_size(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    return text;
}

TEST_F(ObjectSourceTest, IsPulledAsAStreamWindowByWindow) {
    const auto body = letters_of_size(1'000'000);
    ASSERT_TRUE(put("k", body));
    for (const std::size_t window : {999'999, 1'000'000, 65'536, 5'000'000}) {
        ObjectSourceOptions with{.window_bytes = window};
        auto source = ObjectSource::open(*client_, "k", with);
        ASSERT_TRUE(source) << source.error().message;
        std::string pulled(body.size() + 1, '\0');
        const auto count =
            archive::read_fully(**source, std::as_writable_bytes(std::span(pulled)));
        ASSERT_TRUE(count) << count.error().message;
        EXPECT_EQ(*count, body.size());
        pulled.resize(*count);
        EXPECT_TRUE(pulled == body);
        std::array<std::byte, 5> middle{};
        ASSERT_TRUE((*source)->read_at(500'000, middle));
        EXPECT_EQ(as_text(middle), body.substr(500'000, 5));
        EXPECT_EQ((*source)->read_at(999'996, middle).error().code, ErrorCode::InvalidInput);
    }
}

TEST_F(ObjectSourceTest, AStreamEndsWithConflictWhenItsObjectIsReplaced) {
    ASSERT_TRUE(put("k", letters_of_size(1'000'000)));
    ObjectSourceOptions with{.window_bytes = 100'000};
    auto source = ObjectSource::open(*client_, "k", with);
    ASSERT_TRUE(source);
    ASSERT_TRUE(put("k", std::string(1'000'000, 'z')));
    std::string pulled(1'000'000, '\0');
    const auto count = archive::read_fully(**source, std::as_writable_bytes(std::span(pulled)));
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code, ErrorCode::Conflict);
    std::byte one{};
    EXPECT_EQ((*source)->read({&one, 1}).error().code, ErrorCode::Conflict) << "again";
}

TEST_F(ObjectSourceTest, PassesOverWhatNobodyNeedsWithoutAskingForIt) {
    const auto body = letters_of_size(11 * kMiB);
    put_in_parts("k", body);
    const auto source = open("k", kMiB);
    EXPECT_EQ(pull(*source, 100), body.substr(0, 100));

    const auto passed = source->pass(8 * kMiB);
    ASSERT_TRUE(passed) << passed.error().message;
    EXPECT_EQ(passed->bytes, 8 * kMiB);
    // The rest of the first window, and the second, which was under way.
    EXPECT_EQ(passed->read, 2 * kMiB - 100);

    EXPECT_EQ(pull(*source, 1000), body.substr(8 * kMiB + 100, 1000));
    EXPECT_EQ(pull(*source, 11 * kMiB), body.substr(8 * kMiB + 1100));
    // Two windows before and three behind, the last of them short; of eleven.
    EXPECT_EQ(proxy_->requests("GET"), 5);
}

TEST_F(ObjectSourceTest, PassesNothingWhereNoWindowIsSaved) {
    const auto body = letters_of_size(11 * kMiB);
    put_in_parts("k", body);
    const auto source = open("k", kMiB);
    EXPECT_EQ(pull(*source, 100), body.substr(0, 100));

    // What came, and a byte less than one window more.
    const auto passed = source->pass(3 * kMiB - 101);
    ASSERT_TRUE(passed) << passed.error().message;
    EXPECT_EQ(passed->bytes, 0U);
    EXPECT_EQ(passed->read, 0U);
    EXPECT_EQ(pull(*source, 11 * kMiB), body.substr(100));
}

TEST_F(ObjectSourceTest, PassesToTheEndOfTheObjectAtMost) {
    const auto body = letters_of_size(11 * kMiB);
    put_in_parts("k", body);
    const auto source = open("k", kMiB);

    const auto passed = source->pass(~std::uint64_t{0});
    ASSERT_TRUE(passed) << passed.error().message;
    EXPECT_EQ(passed->bytes, 11 * kMiB);
    EXPECT_EQ(passed->read, kMiB);
    EXPECT_EQ(pull(*source, 1), "");
    EXPECT_EQ(source->pass(~std::uint64_t{0})->bytes, 0U);
    EXPECT_EQ(proxy_->requests("GET"), 1);
}

/// Its hash is known, and is compared with what was read.
TEST_F(ObjectSourceTest, PassesNothingOfAnObjectWhoseHashIsKnown) {
    const auto body = letters_of_size(3 * kMiB);
    ASSERT_TRUE(put("k", body));
    const auto source = open("k", 64 << 10);
    EXPECT_EQ(source->pass(2 * kMiB)->bytes, 0U);
    EXPECT_EQ(pull(*source, 3 * kMiB), body);
}

TEST_F(ObjectSourceTest, PassesToTheSameStateOfTheObjectOnly) {
    put_in_parts("k", letters_of_size(11 * kMiB));
    const auto source = open("k", kMiB);
    EXPECT_EQ(pull(*source, 100).size(), 100U);
    put_in_parts("k", std::string(11 * kMiB, 'z'));

    // What was under way may have come of the state before; what is asked for now can't.
    auto failure = ErrorCode::NotFound;
    if (const auto passed = source->pass(8 * kMiB); !passed) {
        failure = passed.error().code;
    } else {
        std::byte one{};
        const auto count = source->read({&one, 1});
        ASSERT_FALSE(count);
        failure = count.error().code;
    }
    EXPECT_EQ(failure, ErrorCode::Conflict);
    EXPECT_EQ(source->pass(1).error().code, ErrorCode::Conflict) << "again";
}

}  // namespace
}  // namespace larmor::objects::s3
