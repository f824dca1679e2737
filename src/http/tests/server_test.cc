#include "http/server.h"

#include <sys/socket.h>

#include <fstream>
#include <future>
#include <stdexcept>

#include "http/tests/server_fixture.h"
#include "observe/metrics.h"

namespace larmor::http {
namespace {
using namespace std::chrono_literals;

Task<Response> echo(Request request) {
    Response response(200, "application/octet-stream", std::move(request.body));
    response.headers.add("X-Streamed", request.body_stream ? "yes" : "no");
    co_return response;
}

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
    route(Method::Get, "/hello", [](Request) { return answer_text("hello"); });
    start();
    auto c = client();
    for (int i = 0; i < 100; ++i) {
        const auto response = c.get("/hello");
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->status, 200);
        EXPECT_EQ(response->body, "hello");
        EXPECT_EQ(response->headers.get("Content-Length"), "5");
        EXPECT_EQ(response->headers.get("Content-Type"), "text/plain");
        EXPECT_THAT(std::string(response->headers.get("Date")),
                    testing::MatchesRegex("..., .. ... 20.. ..:..:.. GMT"));
    }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
    route(Method::Get, "/{n}", [](Request r) { return answer_text(r.path_parameter("n")); });
    start();
    auto c = client();
    std::string requests;
    for (int i = 0; i < 200; ++i) {
        requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    ASSERT_TRUE(c.write_raw(requests));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(c.read_response()->body, std::to_string(i));
}

TEST_F(ServerTest, TakesARequestByteByByte) {
    route(Method::Post, "/echo", echo);
    start();
    auto c = client();
    for (const char byte :
         std::string_view("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
        ASSERT_TRUE(c.write_raw({&byte, 1}));
    }
    EXPECT_EQ(c.read_response()->body, "abc");
}

TEST_F(ServerTest, ReadsBodiesInMemoryUpToTheLimitAndStreamsLargerOnes) {
    options_.limits.body_in_memory_max = 300'000;
    options_.limits.body_max = 400'000;
    route(Method::Post, "/echo", echo);
    start();
    auto c = client();
    for (const std::size_t size : {0, 1, 100, 39'000, 262'144, 300'000}) {
        const auto body = pattern_bytes(size);
        const auto response = c.post("/echo", "application/octet-stream", body);
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, body) << size;
        EXPECT_EQ(response->headers.get("X-Streamed"), "no");
    }
    EXPECT_EQ(c.post("/echo", "x/y", pattern_bytes(300'001))->headers.get("X-Streamed"), "yes");
    EXPECT_EQ(c.post("/echo", "x/y", pattern_bytes(400'001))->status, 413);
}

Task<Response> count_bytes(Request request) {
    std::vector<std::byte> buffer(64 * 1024);
    std::uint64_t sum = 0;
    std::uint64_t count = 0;
    while (true) {
        const auto n = co_await request.body_stream->read(buffer);
        if (!n)
            co_return problem(n.error().code == ErrorCode::LimitExceeded ? 413 : 400, "body");
        if (*n == 0) break;
        count += *n;
        for (std::size_t i = 0; i < *n; ++i) sum += static_cast<unsigned char>(buffer[i]);
    }
    co_return Response(200, "text/plain", std::to_string(count) + ' ' + std::to_string(sum));
}
std::string count_and_sum(std::string_view text) {
    std::uint64_t sum = 0;
    for (const char c : text) sum += static_cast<unsigned char>(c);
    return std::to_string(text.size()) + ' ' + std::to_string(sum);
}

TEST_F(ServerTest, StreamsChunkedBodiesOfAnyChunkSize) {
    route(Method::Post, "/count", count_bytes, BodyMode::Stream);
    start();
    auto c = client();
    const auto body = pattern_bytes(300'000);
    for (const std::size_t chunk : {1000, 4096, 65'536, 100'000}) {
        std::string raw =
            "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (std::size_t at = 0; at < body.size(); at += chunk) {
            const auto piece = body.substr(at, chunk);
            char size[32];
            std::snprintf(size, sizeof size, "%zX;ext=\"1\"\r\n", piece.size());
            raw += size + piece + "\r\n";
        }
        raw += "0\r\nTrailer: dropped\r\n\r\n";
        ASSERT_TRUE(c.write_raw(raw));
        EXPECT_EQ(c.read_response()->body, count_and_sum(body)) << chunk;
    }
}

TEST_F(ServerTest, StopsAChunkedBodyAtTheLimitOfItsRoute) {
    route(Method::Post, "/count", count_bytes, BodyMode::Stream, 100'000);
    start();
    auto c = client();
    ASSERT_TRUE(
        c.write_raw("POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 11; ++i) {
        ASSERT_TRUE(c.write_raw("2710\r\n" + std::string(10'000, 'x') + "\r\n"));
    }
    const auto response = c.read_response();
    EXPECT_EQ(response->status, 413);
    EXPECT_EQ(response->headers.get("Connection"), "close");
}

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(ServerTest, StreamsABodyMuchLargerThanItsMemory) {
    route(Method::Post, "/count", count_bytes);
    start();
    auto c = client();
    const std::string piece(1 << 20, 'y');
    constexpr int kPieces = 256;
    const auto before = resident_bytes();
    ASSERT_TRUE(c.write_raw("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                            std::to_string(piece.size() * kPieces) + "\r\n\r\n"));
    for (int i = 0; i < kPieces; ++i) ASSERT_TRUE(c.write_raw(piece));
    const auto response = c.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, std::to_string(piece.size() * kPieces) + ' ' +
                                  std::to_string(piece.size() * kPieces * 'y'));
    EXPECT_LT(resident_bytes(), before + (32 << 20));
}

TEST_F(ServerTest, SendsFilesTextsAndSharedBytesInOrder) {
    const auto bytes = pattern_bytes(5'000'000);
    const auto file = file_with(bytes);
    route(Method::Get, "/mixed", [file](Request) -> Task<Response> {
        Response response;
        const auto owner = std::make_shared<const std::string>("shared");
        response.parts.emplace_back(std::string("begin "));
        response.parts.emplace_back(FileSlice{file, 10, 33'000});
        response.parts.emplace_back(std::make_shared<const std::string>(" middle "));
        response.parts.emplace_back(FileSlice{file, 100'000, 4'900'000});
        response.parts.emplace_back(SharedBytes{owner, as_bytes(*owner)});
        co_return response;
    });
    start();
    auto c = client();
    for (int i = 0; i < 3; ++i) {
        const auto response = c.get("/mixed");
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_TRUE(response->body == "begin " + bytes.substr(10, 33'000) + " middle " +
                                          bytes.substr(100'000) + "shared");
    }
}

TEST_F(ServerTest, CutsAResponseWhoseFileIsShorterThanPromised) {
    const auto file = file_with("only this");
    route(Method::Get, "/short", [file](Request) -> Task<Response> {
        Response response;
        response.parts.emplace_back(FileSlice{file, 0, 1000});
        co_return response;
    });
    start();
    EXPECT_FALSE(client().get("/short"));
}

/// Gives `count` parts of `size` bytes, with a wait between them.
PartGenerator numbered_parts(int count, std::size_t size) {
    return [count, size, i = 0]() mutable -> Task<Result<std::optional<Part>>> {
        co_await async::yield();
        if (i == count) co_return std::nullopt;
        co_return Part(std::string(size, static_cast<char>('a' + i++ % 26)));
    };
}

TEST_F(ServerTest, SendsGeneratedBodiesChunkedOrWithALength) {
    route(Method::Get, "/chunked", [](Request) -> Task<Response> {
        Response response;
        response.parts.emplace_back(std::string("head "));
        response.generator = numbered_parts(3, 4);
        co_return response;
    });
    route(Method::Get, "/known", [](Request) -> Task<Response> {
        Response response;
        response.generator = numbered_parts(3, 4);
        response.generated_length = 12;
        co_return response;
    });
    route(Method::Get, "/less", [](Request) -> Task<Response> {
        Response response;
        response.generator = numbered_parts(2, 4);
        response.generated_length = 12;
        co_return response;
    });
    route(Method::Get, "/more", [](Request) -> Task<Response> {
        Response response;
        response.generator = numbered_parts(4, 4);
        response.generated_length = 12;
        co_return response;
    });
    start();
    auto c = client();
    const auto chunked = c.get("/chunked");
    EXPECT_EQ(chunked->body, "head aaaabbbbcccc");
    EXPECT_EQ(chunked->headers.get("Transfer-Encoding"), "chunked");
    const auto known = c.get("/known");
    EXPECT_EQ(known->body, "aaaabbbbcccc");
    EXPECT_EQ(known->headers.get("Content-Length"), "12");
    EXPECT_FALSE(c.get("/less"));
    EXPECT_EQ(c.get("/more")->body, "aaaabbbbcccc") << "never more than was promised";
    EXPECT_TRUE(c.closed_by_server());

    auto old = client();
    ASSERT_TRUE(old.write_raw("GET /chunked HTTP/1.0\r\n\r\n"));
    const auto until_closed = old.read_response();
    EXPECT_EQ(until_closed->body, "head aaaabbbbcccc");
    EXPECT_FALSE(until_closed->headers.has("Transfer-Encoding"));
}

TEST_F(ServerTest, CutsAChunkedBodyWhoseGeneratorFails) {
    route(Method::Get, "/fails", [](Request) -> Task<Response> {
        Response response;
        response.generator = [first = true]() mutable -> Task<Result<std::optional<Part>>> {
            if (!std::exchange(first, false)) co_return fail(ErrorCode::Corrupt, "bad block");
            co_return Part(std::string("begin"));
        };
        co_return response;
    });
    start();
    const auto response = client().get("/fails");
    ASSERT_FALSE(response) << "a client must see that the body is not whole";
}

// The generator of the response reads the body of the request: both flow at once.
TEST_F(ServerTest, StreamsABodyBackWhileItArrives) {
    route(
        Method::Post, "/mirror",
        [](Request request) -> Task<Response> {
            Response response;
            response.generator =
                [from = request.body_stream]() -> Task<Result<std::optional<Part>>> {
                std::string piece(10'000, '\0');
                const auto out = std::as_writable_bytes(std::span(piece));
                CO_TRY(const std::size_t count, co_await from->read(out));
                if (count == 0) co_return std::nullopt;
                piece.resize(count);
                co_return Part(std::move(piece));
            };
            co_return response;
        },
        BodyMode::Stream);
    start();
    auto c = client();
    const auto body = pattern_bytes(200'000);
    EXPECT_TRUE(c.post("/mirror", "x/y", body)->body == body);
    EXPECT_TRUE(c.post("/mirror", "x/y", body)->body == body) << "the connection was kept";
}

TEST_F(ServerTest, SendsHeadsAloneForHeadAndEmptyStatuses) {
    route(Method::Get, "/text", [](Request) { return answer_text("hello"); });
    route(Method::Delete, "/text", [](Request) -> Task<Response> { co_return Response(204); });
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("HEAD /text HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto head = c.read_response("HEAD");
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->headers.get("Content-Length"), "5");
    EXPECT_EQ(c.send({.method = "DELETE", .target = "/text"})->status, 204);
    EXPECT_EQ(c.get("/text")->body, "hello") << "no stray bytes between";
}

TEST_F(ServerTest, AsksForABodyOnlyWhenTheHandlerWantsIt) {
    route(Method::Post, "/echo", echo);
    router_->add_head_hook([](Request& request) -> std::optional<Response> {
        if (request.headers.has("Authorization")) return std::nullopt;
        return problem(401, "sign in");
    });
    start();
    const std::string head =
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n";
    {
        auto c = client();
        ASSERT_TRUE(c.write_raw(head + "Authorization: x\r\n\r\n"));
        // The interim answer comes before any byte of the body was sent.
        EXPECT_EQ(c.read_raw(25), "HTTP/1.1 100 Continue\r\n\r\n");
        ASSERT_TRUE(c.write_raw("12345"));
        EXPECT_EQ(c.read_response()->body, "12345");
    }
    auto c = client();
    ASSERT_TRUE(c.write_raw(head + "\r\n"));
    const auto refused = c.read_response();
    EXPECT_EQ(refused->status, 401);
    EXPECT_EQ(refused->headers.get("Connection"), "close");
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n"), 417);
}

TEST_F(ServerTest, DropsAnUnreadBodyOrClosesWhenThatIsCostly) {
    route(Method::Post, "/ignore", [](Request) { return answer_text("ok"); }, BodyMode::Stream);
    start();
    auto c = client();
    EXPECT_EQ(c.post("/ignore", "x/y", pattern_bytes(1000))->body, "ok");
    EXPECT_EQ(c.post("/ignore", "x/y", pattern_bytes(200'000))->body, "ok");
    const auto response = c.post("/ignore", "x/y", pattern_bytes(3'000'000));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "ok");
    EXPECT_EQ(response->headers.get("Connection"), "close");
}

TEST_F(ServerTest, ClosesWhenTheClientAsks) {
    route(Method::Get, "/", [](Request) { return answer_text("x"); });
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    auto raw = client();
    ASSERT_TRUE(raw.write_raw("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_EQ(raw.read_response()->headers.get("Connection"), "close");
    ASSERT_TRUE(raw.write_raw("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_EQ(raw.read_response()->headers.get("Connection"), "keep-alive");
    EXPECT_EQ(c.read_response()->body, "x");
}

TEST_F(ServerTest, TurnsAnExceptionIntoA500AndLivesOn) {
    route(Method::Get, "/throws", [](Request) -> Task<Response> {
        throw std::runtime_error("Doe^John");
        co_return Response();
    });
    route(Method::Get, "/", [](Request) { return answer_text("x"); });
    start();
    auto c = client();
    const auto response = c.get("/throws");
    EXPECT_EQ(response->status, 500);
    EXPECT_EQ(response->body.find("Doe"), std::string::npos);
    EXPECT_EQ(c.get("/")->status, 200);
}

TEST_F(ServerTest, GivesEveryRequestAnIdAndKeepsAProxysOwn) {
    route(Method::Get, "/", [](Request r) { return answer_text(r.id); });
    start();
    auto c = client();
    const auto first = c.get("/");
    EXPECT_EQ(first->body, first->headers.get("X-Request-Id"));
    EXPECT_NE(first->body, c.get("/")->body);
    EXPECT_EQ(c.get("/", {{"X-Request-Id", "proxy-7"}})->body, "proxy-7");
    EXPECT_NE(c.get("/", {{"X-Request-Id", "a b\"c"}})->body, "a b\"c");
}

TEST_F(ServerTest, CannotBeMadeToSplitAResponse) {
    route(Method::Get, "/", [](Request) -> Task<Response> {
        Response response;
        response.headers.add("X-Name", "a\r\nSet-Cookie: evil=1\r\n\r\nbody");
        co_return response;
    });
    start();
    const auto response = client().get("/");
    EXPECT_FALSE(response->headers.has("Set-Cookie"));
    EXPECT_EQ(response->body, "");
}

TEST_F(ServerTest, RefusesASecondServerOnItsPort) {
    start();
    ServerOptions options;
    options.port = server_->port();
    const auto second = Server::start(options, router_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Unavailable);
    options.address = "not an address";
    EXPECT_EQ(Server::start(options, router_).error().code, ErrorCode::InvalidInput);
}

TEST_F(ServerTest, SpreadsConnectionsOverItsThreads) {
    std::mutex mutex;
    std::map<std::thread::id, int> seen;
    route(Method::Get, "/", [&](Request) -> Task<Response> {
        const std::lock_guard lock(mutex);
        ++seen[std::this_thread::get_id()];
        co_return Response();
    });
    start();
    std::vector<Client> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(client());
        ASSERT_TRUE(clients.back().get("/"));
    }
    ASSERT_EQ(seen.size(), 2);
    for (const auto& [thread, count] : seen) EXPECT_EQ(count, 4);
}

TEST_F(ServerTest, CountsRequestsByRouteAndStatus) {
    route(Method::Get, "/counted", [](Request) { return answer_text("x"); });
    start();
    auto c = client();
    ASSERT_TRUE(c.get("/counted"));
    ASSERT_TRUE(c.get("/counted"));
    ASSERT_TRUE(c.get("/nowhere"));
    server_->stop(5s);
    const auto text = observe::metrics().to_text();
    EXPECT_THAT(text, testing::ContainsRegex("larmor_http_requests_total\\{route=\"test0\","
                                             "method=\"GET\",status=\"2xx\"\\} [1-9]"));
    EXPECT_THAT(text, testing::ContainsRegex("larmor_http_requests_total\\{route=\"none\","
                                             "method=\"GET\",status=\"4xx\"\\} [1-9]"));
    EXPECT_THAT(text, testing::HasSubstr("larmor_http_request_seconds_bucket"));
    EXPECT_THAT(text, testing::HasSubstr("larmor_http_connections 0\n"));
    EXPECT_THAT(text, testing::HasSubstr("larmor_http_requests_active 0\n"));
}

}  // namespace
}  // namespace larmor::http
