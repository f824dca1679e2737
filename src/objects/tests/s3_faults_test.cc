// The S3 client against a real server behind a proxy that does what networks, busy servers and
// cold tiers do: it finishes or stops with a clear error, and never gives a short object.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "objects/s3/object_source.h"
#include "objects/tests/s3_server.h"

namespace larmor::objects::s3 {
namespace {
using namespace std::chrono_literals;
using testing::FaultProxy;
using testing::S3Server;

std::string bytes_of_size(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7919 >> 5);
    return text;
}

class S3FaultsTest : public ::testing::Test {
protected:
    static constexpr std::size_t kPart = 5 << 20;

    void SetUp() override {
        S3Server* const server = S3Server::shared();
        if (server == nullptr) GTEST_SKIP() << "no S3 server is installed";
        static FaultProxy proxy(server->endpoint());  // of all these tests
        proxy_ = &proxy;
        proxy_->clear();
        options_ = server->make_bucket(proxy_->url());
        open();
        auto beside = options_;
        beside.endpoint = server->endpoint();
        direct_ = *Client::open(beside);
    }
    void open() { client_ = *Client::open(options_); }

    /// Stored without any fault.
    void store(const std::string& key, std::string_view body) {
        const auto stored = direct_->put(key, as_bytes(body), {});
        ASSERT_TRUE(stored) << stored.error().message;
    }
    /// The object itself, without any fault; empty where there is none.
    std::string stored(const std::string& key) {
        const auto bytes = direct_->get_all(key, {}, 64 << 20);
        return bytes ? to_string(Bytes(*bytes)) : std::string();
    }
    Result<std::string> get(const std::string& key, GetOptions options = {}) {
        TRY(const ByteBuffer bytes, client_->get_all(key, options, 64 << 20));
        return to_string(Bytes(bytes));
    }
    Result<PutResult> put_streamed(const std::string& key, std::string_view body) {
        StreamedPutOptions with;
        with.part_bytes = kPart;
        const auto upload = client_->begin_put(key, with);
        TRY_VOID(upload->write(as_bytes(body)));
        return upload->finish();
    }

    FaultProxy* proxy_ = nullptr;
    ClientOptions options_;
    std::unique_ptr<Client> client_;
    std::unique_ptr<Client> direct_;
};

constexpr const char* kSlowDown = R"("status":503,"code":"SlowDown","times":2)";

TEST_F(S3FaultsTest, AsksAgainWhenTheServerIsBusyOrTheConnectionBreaks) {
    store("k", "bytes");
    proxy_->fault("status", "GET", kSlowDown);
    proxy_->fault("reset", "GET", R"("times":2)");
    EXPECT_EQ(get("k"), "bytes");
    EXPECT_EQ(proxy_->requests("GET"), 5);

    proxy_->fault("status", "PUT", kSlowDown);
    proxy_->fault("reset", "PUT", R"("times":2)");
    proxy_->fault("status", "PUT", R"("status":429,"code":"TooManyRequests")");
    ASSERT_TRUE(client_->put("k", as_bytes("other"), {}));
    EXPECT_EQ(stored("k"), "other");
}

TEST_F(S3FaultsTest, StopsAfterTheLastAttemptAndSaysWhy) {
    store("k", "bytes");
    proxy_->fault("status", "GET", R"("status":503,"code":"SlowDown","times":100)");
    const auto got = get("k");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(got.error().message,
              "S3 GetObject k: status 503 SlowDown (made by the proxy), request proxy-1 "
              "(attempt 6, the last)");
    EXPECT_EQ(proxy_->requests("GET"), 6);
}

TEST_F(S3FaultsTest, DoesNotRepeatWhatCannotHelp) {
    proxy_->fault("status", "GET", R"("status":403,"code":"AccessDenied","times":100)");
    EXPECT_EQ(get("k").error().code, ErrorCode::Denied);
    EXPECT_EQ(proxy_->requests("GET"), 1);
}

TEST_F(S3FaultsTest, GoesOnWhereABodyWasCutOff) {
    const auto body = bytes_of_size(1'000'000);
    store("k", body);
    proxy_->fault("short", "GET", R"("after":100000)");
    proxy_->fault("reset_body", "GET", R"("after":300000)");
    proxy_->fault("short", "GET", R"("after":0)");
    const auto got = get("k");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(*got == body);

    proxy_->clear();
    proxy_->fault("short", "GET", R"("after":1000)");
    GetOptions part;
    part.range = ByteRange{10, 5'000};
    const auto range = get("k", part);
    ASSERT_TRUE(range) << range.error().message;
    EXPECT_TRUE(*range == body.substr(10, 5'000));
}

TEST_F(S3FaultsTest, MoreCutsThanAttemptsAreNoMatterWhileSomethingComes) {
    const auto body = bytes_of_size(1'000'000);
    store("k", body);
    proxy_->fault("short", "GET", R"("after":70000,"times":12)");
    const auto got = get("k");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(*got == body);
    EXPECT_EQ(proxy_->requests("GET"), 13);
}

TEST_F(S3FaultsTest, NeverGivesAShortObject) {
    const auto body = bytes_of_size(100'000);
    store("k", body);
    proxy_->fault("short", "GET", R"("after":10,"times":100)");
    const auto cut = get("k");
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::Unavailable);

    // An answer that is short and says so: only what was stored with the object tells.
    proxy_->clear();
    proxy_->fault("short_length", "GET", R"("after":99999)");
    EXPECT_EQ(get("k").error().code, ErrorCode::Corrupt);
    // Of a range it is known how much it is.
    GetOptions part;
    part.range = ByteRange{10, 500};
    proxy_->fault("short_length", "GET", R"("after":400)");
    const auto range = get("k", part);
    ASSERT_TRUE(range) << range.error().message;
    EXPECT_TRUE(*range == body.substr(10, 500));
    proxy_->fault("short_length", "GET", R"("after":0,"times":100)");
    EXPECT_EQ(get("k", part).error().code, ErrorCode::Unavailable);
}

TEST_F(S3FaultsTest, NoticesABitThatWasChangedOnTheWay) {
    const auto body = bytes_of_size(100'000);
    store("k", body);
    proxy_->fault("flip", "GET", R"("after":50000)");
    const auto got = get("k");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::Corrupt) << got.error().message;
}

TEST_F(S3FaultsTest, DoesNotWaitForAServerThatFallsSilent) {
    options_.silence_max = 200ms;
    open();
    const auto body = bytes_of_size(300'000);
    store("k", body);
    proxy_->fault("stall", "GET", R"("after":100000)");
    const auto got = get("k");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(*got == body);
}

TEST_F(S3FaultsTest, NeverMixesTwoStatesOfAnObject) {
    store("k", bytes_of_size(300'000));
    proxy_->fault("short", "GET", R"("after":100000)");
    bool replaced = false;
    const auto got = client_->get("k", {}, [&](Bytes) -> Result<void> {
        if (!std::exchange(replaced, true)) store("k", std::string(300'000, 'z'));
        return {};
    });
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::Conflict) << got.error().message;
}

TEST_F(S3FaultsTest, AWriteWhoseAnswerIsLostIsKnownByItsHash) {
    proxy_->fault("lost_reply", "PUT");
    PutOptions if_absent;
    if_absent.if_absent = IfAbsent::Yes;
    const auto put = client_->put("k", as_bytes("bytes"), if_absent);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_FALSE(put->existed) << "it was ours";
    EXPECT_EQ(proxy_->requests("PUT"), 2);
    EXPECT_EQ(stored("k"), "bytes");

    proxy_->fault("lost_reply", "PUT");
    EXPECT_EQ(client_->put("k", as_bytes("other"), if_absent).error().code,
              ErrorCode::Conflict);
    EXPECT_EQ(stored("k"), "bytes");
}

TEST_F(S3FaultsTest, AnUploadSurvivesEveryLostAnswer) {
    const auto body = bytes_of_size(2 * kPart + 99);
    proxy_->fault("lost_reply", "POST", R"("match":"uploads=")");
    proxy_->fault("lost_reply", "PUT", R"("match":"partNumber=2")");
    proxy_->fault("reset", "PUT", R"("match":"partNumber=3")");
    proxy_->fault("lost_reply", "POST", R"("match":"uploadId=")");
    const auto put = put_streamed("k", body);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_TRUE(stored("k") == body);
}

TEST_F(S3FaultsTest, AStatusOf200WithAnErrorIsAnError) {
    const auto body = bytes_of_size(kPart + 1);
    proxy_->fault("error200", "POST", R"("match":"uploadId=","code":"InternalError")");
    const auto put = put_streamed("again", body);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_TRUE(stored("again") == body);

    proxy_->fault("error200", "POST", R"("match":"uploadId=","code":"AccessDenied")");
    EXPECT_EQ(put_streamed("denied", body).error().code, ErrorCode::Denied);
    EXPECT_EQ(direct_->head("denied").error().code, ErrorCode::NotFound);
}

TEST_F(S3FaultsTest, AnUploadThatSomebodyElseRemovedIsNoSuccess) {
    proxy_->fault("status", "POST",
                  R"("match":"uploadId=","status":404,"code":"NoSuchUpload")");
    const auto put = put_streamed("k", bytes_of_size(kPart + 1));
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::NotFound);

    store("k", "another's");
    proxy_->fault("lost_reply", "POST", R"("match":"uploadId=")");
    proxy_->fault("status", "POST",
                  R"("match":"uploadId=","status":404,"code":"NoSuchUpload")");
    EXPECT_TRUE(put_streamed("k", bytes_of_size(kPart + 1))) << "known by its mark";
}

TEST_F(S3FaultsTest, AnUploadThatFailsLeavesNothingBehind) {
    const auto body = bytes_of_size(2 * kPart + 1);
    proxy_->fault("status", "PUT",
                  R"("match":"partNumber=2","status":403,"code":"AccessDenied")");
    EXPECT_EQ(put_streamed("k", body).error().code, ErrorCode::Denied);
    EXPECT_EQ(direct_->head("k").error().code, ErrorCode::NotFound);
    EXPECT_EQ(*direct_->abort_uploads(""), 0U) << "it was aborted";
}

TEST_F(S3FaultsTest, UsesOneConnectionForOneRequestAfterTheOther) {
    store("k", "bytes");
    for (int i = 0; i < 30; ++i) {
        ASSERT_EQ(get("k"), "bytes");
        ASSERT_TRUE(client_->put("k", as_bytes("bytes"), {}));
        ASSERT_EQ(client_->head("none").error().code, ErrorCode::NotFound);
    }
    EXPECT_EQ(proxy_->connections(), 1);
}

TEST_F(S3FaultsTest, HasNoMoreRequestsAtATimeThanWasSet) {
    options_.connections.count_max = 3;
    open();
    const auto body = bytes_of_size(200'000);
    store("k", body);
    std::atomic<int> right = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 12; ++i) {
        readers.emplace_back([&] {
            for (int j = 0; j < 5; ++j) right += get("k") == body ? 1 : 0;
        });
    }
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(right, 60);
    EXPECT_LE(proxy_->at_a_time_max(), 3);
    EXPECT_LE(proxy_->connections(), 3);
}

TEST_F(S3FaultsTest, StopsWhenCancelled) {
    async::CancelSource source;
    options_.connections.cancel = source.token();
    options_.retry.attempts_max = 1'000'000;
    open();
    store("k", bytes_of_size(1'000'000));
    proxy_->fault("status", "GET", R"("status":503,"code":"SlowDown","times":1000000)");
    std::optional<Result<std::string>> got;
    std::thread reader([&] { got = get("k"); });
    while (proxy_->requests("GET") < 3) std::this_thread::yield();
    source.cancel();
    reader.join();
    EXPECT_EQ(got->error().code, ErrorCode::Cancelled);
    EXPECT_EQ(get("k").error().code, ErrorCode::Cancelled);
}

TEST_F(S3FaultsTest, AnObjectOfAColdTierIsReadOnlyAfterItsRestore) {
    store("cold/k", "frozen");
    proxy_->cold('/' + options_.bucket + "/cold/", 0.3);
    const auto refused = get("cold/k");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    EXPECT_NE(refused.error().message.find("InvalidObjectState"), std::string::npos);
    EXPECT_NE(refused.error().message.find("has to be restored first"), std::string::npos);
    EXPECT_EQ(proxy_->requests("GET"), 1) << "asking again is no restore";

    auto info = client_->head("cold/k");
    EXPECT_EQ(info->storage_class, "GLACIER");
    EXPECT_EQ(info->restore, Restore::None);
    EXPECT_FALSE(info->is_readable());
    EXPECT_EQ(ObjectSource::open(*client_, "cold/k", {}).error().code, ErrorCode::Unavailable);

    EXPECT_EQ(client_->request_restore("cold/k", 1, RestoreTier::Bulk), Restore::Ongoing);
    EXPECT_EQ(client_->request_restore("cold/k", 1, RestoreTier::Bulk), Restore::Ongoing);
    info = client_->head("cold/k");
    EXPECT_EQ(info->restore, Restore::Ongoing);
    EXPECT_FALSE(info->is_readable());
    EXPECT_FALSE(get("cold/k"));

    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (info->restore != Restore::Done && std::chrono::steady_clock::now() < give_up) {
        info = client_->head("cold/k");
        ASSERT_TRUE(info) << info.error().message;
    }
    EXPECT_TRUE(info->is_readable());
    EXPECT_GT(info->restored_until, system_clock().now());
    EXPECT_EQ(get("cold/k"), "frozen");
    EXPECT_EQ(client_->request_restore("cold/k", 1, RestoreTier::Bulk), Restore::Done);
    EXPECT_EQ(get("warm").error().code, ErrorCode::NotFound) << "nothing else is cold";
}

TEST_F(S3FaultsTest, ARestoreEndsAndTheObjectIsColdAgain) {
    store("cold/k", "frozen");
    proxy_->cold('/' + options_.bucket + "/cold/", 0, 0.3);
    EXPECT_EQ(client_->request_restore("cold/k", 1, RestoreTier::Expedited), Restore::Ongoing);
    EXPECT_EQ(get("cold/k"), "frozen");
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    auto info = client_->head("cold/k");
    while (info->is_readable() && std::chrono::steady_clock::now() < give_up) {
        info = client_->head("cold/k");
    }
    EXPECT_FALSE(info->is_readable());
    EXPECT_EQ(get("cold/k").error().code, ErrorCode::Unavailable);
}

/// Whatever comes together: equal bytes or an error.
TEST_F(S3FaultsTest, FinishesOrStopsWithAnErrorUnderManyMixesOfFaults) {
    options_.retry.attempts_max = 3;
    open();
    const std::array<const char*, 5> kinds = {"reset", "short", "reset_body", "lost_reply",
                                              "short_length"};
    int finished = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        std::mt19937 random(seed);
        proxy_->clear();
        for (auto faults = random() % 6; faults > 0; --faults) {
            proxy_->fault(kinds.at(random() % kinds.size()), random() % 2 == 0 ? "PUT" : "GET",
                          "\"after\":" + std::to_string(random() % 300'000));
        }
        const auto body = bytes_of_size(random() % 300'000 + seed);
        PutOptions with;
        with.if_absent = IfAbsent::Yes;
        const auto key = "seed/" + std::to_string(seed);
        const auto put = client_->put(key, as_bytes(body), with);
        if (put) {
            EXPECT_TRUE(stored(key) == body) << seed;
        }
        const auto got = get(key);
        if (got) {
            EXPECT_TRUE(*got == body) << seed;
        }
        finished += put && got ? 1 : 0;
    }
    EXPECT_GT(finished, 10) << "else nothing was tested";
}

}  // namespace
}  // namespace larmor::objects::s3
