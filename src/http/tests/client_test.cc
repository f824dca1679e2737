// What our client promises beyond what every test of the server uses of it.
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <thread>

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

TEST_F(ClientTest, TriesTheAddressesOfANameInTurn) {
    route(Method::Get, "/",
          [](Request r) { return answer_text(std::string(r.headers.get("Host"))); });
    start();
    // Nobody listens on the first, the second is none, and a name may have more than we try.
    std::vector<std::string> addresses = {"127.0.0.2", "no address", "127.0.0.1"};
    addresses.resize(100, "127.0.0.3");
    std::string asked;
    const ClientOptions options{.lookup = [&](const std::string& host) {
        asked = host;
        return Result<std::vector<std::string>>(addresses);
    }};
    Client c("archive.example", server_->port(), options);
    const auto response = c.get("/");
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(asked, "archive.example");
    EXPECT_EQ(response->body, "archive.example:" + std::to_string(server_->port()));
}

TEST_F(ClientTest, SaysThatANameHasNoAddress) {
    for (const Result<std::vector<std::string>>& answer :
         {Result<std::vector<std::string>>(fail(ErrorCode::Unavailable, "no such name")),
          Result<std::vector<std::string>>(std::vector<std::string>{})}) {
        const ClientOptions options{.lookup = [&](const std::string&) { return answer; }};
        const auto failed = Client("archive.example", 80, options).get("/");
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, ErrorCode::Unavailable);
        EXPECT_THAT(failed.error().message,
                    testing::AnyOf(HasSubstr("no such name"), HasSubstr("has no address")));
    }
}

TEST_F(ClientTest, DoesNotWaitForALookupWithoutEnd) {
    std::promise<void> end;
    std::promise<void> ended;
    {
        // Goes with the last lookup, which may outlive the client that gave up.
        const std::shared_ptr<void> lookups(nullptr, [&](void*) { ended.set_value(); });
        const ClientOptions options{
            .timeout = 20ms,
            .lookup = [lookups, until = end.get_future().share()](
                          const std::string&) -> Result<std::vector<std::string>> {
                until.wait();
                return fail(ErrorCode::Unavailable, "late");
            }};
        for (int i = 0; i < kLookupsMax; ++i) {
            const auto late = Client("archive.example", 80, options).get("/");
            ASSERT_FALSE(late);
            EXPECT_EQ(late.error().code, ErrorCode::Unavailable);
            EXPECT_THAT(late.error().message, HasSubstr("timed out"));
        }
        const auto refused = Client("archive.example", 80, options).get("/");
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("too many"));
    }
    end.set_value();
    ended.get_future().wait();
}

/// What a client makes of these bytes.
Result<ClientResponse> answered_with(std::string bytes) {
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    LARMOR_CHECK(listener.get() >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), generic, &size), 0);
    std::thread server([&] {
        const UniqueFd connection(::accept(listener.get(), nullptr, nullptr));
        if (connection.get() < 0) return;
        // Bytes of the request that nobody read would turn the end into a reset.
        std::string request;
        for (char c = 0; !request.ends_with("\r\n\r\n"); request += c) {
            if (::recv(connection.get(), &c, 1, 0) != 1) break;
        }
        // The client may be gone before it has taken all of it.
        for (std::string_view left = bytes; !left.empty();) {
            const auto n = ::send(connection.get(), left.data(), left.size(), MSG_NOSIGNAL);
            if (n <= 0) break;
            left.remove_prefix(static_cast<std::size_t>(n));
        }
    });
    auto response = Client("127.0.0.1", ntohs(address.sin_port)).get("/");
    server.join();
    return response;
}

TEST_F(ClientTest, TakesNoHeadWithoutEnd) {
    std::string fields = "HTTP/1.1 200 OK\r\n";
    std::string interim;
    std::string trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    for (int i = 0; i < 40'000; ++i) {
        fields += "A: 1234\r\n";
        interim += "HTTP/1.1 100 Continue\r\n\r\n";
        trailers += "A: 1234\r\n";
    }
    const std::string line = "HTTP/1.1 200 OK\r\nA: " + std::string(300'000, 'x') + "\r\n";
    for (const std::string& bytes : {fields, interim, trailers, line}) {
        const auto refused = answered_with(bytes + "\r\n");
        ASSERT_FALSE(refused) << bytes.substr(0, 80);
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput) << refused.error().message;
        EXPECT_THAT(refused.error().message, HasSubstr("too long"));
    }
    const auto taken = answered_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->body, "ok");
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
