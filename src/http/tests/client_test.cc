// What our client promises beyond what every test of the server uses of it.
#include "http/tests/server_fixture.h"

namespace larmor::http {
namespace {
using namespace std::chrono_literals;
using testing::HasSubstr;

class ClientTest : public ServerTest {
protected:
    static Task<Response> count_bytes(Request request) {
        std::uint64_t count = 0;
        ByteBuffer buffer(64 * 1024);
        for (;;) {
            const auto n = co_await request.body_stream->read(buffer);
            if (!n)
                co_return problem(n.error().code == ErrorCode::LimitExceeded ? 413 : 400, "");
            if (*n == 0) break;
            count += *n;
        }
        co_return Response(200, "text/plain", std::to_string(count));
    }
};

TEST_F(ClientTest, SendsABodyInPieces) {
    route(Method::Post, "/count", count_bytes, BodyMode::Stream);
    start();
    auto c = client();
    for (const std::size_t pieces : {0U, 1U, 300U}) {
        ASSERT_TRUE(c.begin_body({.method = "POST", .target = "/count"}));
        const std::string piece(10'001, 'x');
        for (std::size_t i = 0; i < pieces; ++i) ASSERT_TRUE(c.write_body(as_bytes(piece)));
        EXPECT_TRUE(c.write_body({})) << "a chunk without bytes would end the body";
        const auto response = c.end_body();
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, std::to_string(pieces * piece.size()));
    }
}

TEST_F(ClientTest, StopsSendingWhenTheServerHasAnswered) {
    route(Method::Post, "/count", count_bytes, BodyMode::Stream, 100'000);
    start();
    auto c = client();
    ASSERT_TRUE(c.begin_body({.method = "POST", .target = "/count"}));
    const std::string piece(50'000, 'x');
    std::size_t sent = 0;
    while (sent < 100'000 && c.write_body(as_bytes(piece))) ++sent;
    EXPECT_LT(sent, 100'000U);
    EXPECT_FALSE(c.write_body(as_bytes(piece)));
    const auto response = c.end_body();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 413);
    EXPECT_EQ(c.post("/count", "x/y", "abc")->body, "3") << "on another connection";
}

TEST_F(ClientTest, SaysWhenTheServerWentAwayWithinABody) {
    route(Method::Post, "/count", count_bytes, BodyMode::Stream);
    start();
    auto c = client();
    ASSERT_TRUE(c.begin_body({.method = "POST", .target = "/count"}));
    ASSERT_TRUE(c.write_body(as_bytes("abc")));
    const auto port = server_->port();
    server_->stop(0ms);
    const std::string piece(50'000, 'x');
    std::size_t sent = 0;
    while (sent < 100'000 && c.write_body(as_bytes(piece))) ++sent;
    EXPECT_LT(sent, 100'000U);
    static_cast<void>(c.end_body());  // what the server could still say, or nothing
    Client after("127.0.0.1", port);
    EXPECT_FALSE(after.begin_body({.method = "POST", .target = "/count"}));
    const auto gone = after.end_body();
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(gone.error().message, HasSubstr("refused"));
}

TEST_F(ClientTest, SpeaksIPv6AndNamesTheHostInBrackets) {
    options_.address = "::1";
    route(Method::Get, "/",
          [](Request r) { return answer_text(std::string(r.headers.get("Host"))); });
    start();
    Client c("::1", server_->port());
    const auto response = c.get("/");
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "[::1]:" + std::to_string(server_->port()));
}

TEST_F(ClientTest, GivesUpAfterItsTimeout) {
    route(Method::Get, "/", [](Request r) -> Task<Response> {
        co_await r.stop.sleep(1h);
        co_return Response(200);
    });
    start();
    const auto late = client(100ms).get("/");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(late.error().message, HasSubstr("timed out"));
}

TEST_F(ClientTest, AServiceCanKnowThePortThatWasBound) {
    std::uint16_t told = 0;
    auto started =
        Server::start(options_, [&](std::uint16_t port) -> Result<std::shared_ptr<Service>> {
            told = port;
            return router_;
        });
    ASSERT_TRUE(started);
    EXPECT_NE(told, 0);
    EXPECT_EQ(told, (*started)->port());
    const auto failed =
        Server::start(options_, [](std::uint16_t) -> Result<std::shared_ptr<Service>> {
            return fail(ErrorCode::NotFound, "no service");
        });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace larmor::http
