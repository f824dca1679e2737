// Slow clients, limits on what runs at once, and the end of a server.
#include <future>

#include "async/completion.h"
#include "http/tests/server_fixture.h"

namespace larmor::http {
namespace {
using namespace std::chrono_literals;

class LifetimeTest : public ServerTest {
protected:
    LifetimeTest() {
        options_.timeouts = {.head = 300ms, .idle = 400ms, .stall = 300ms};
        route(Method::Get, "/", [](Request) { return answer_text("x"); });
        route(Method::Post, "/echo", [](Request r) { return answer_text(std::move(r.body)); });
    }
    /// A handler that says that it began and ends when told to.
    void blocking_route(BodyMode mode = BodyMode::Auto) {
        route(
            Method::Get, "/wait",
            [this](Request) -> Task<Response> {
                began_.set_value();
                co_await go_on_;
                co_return Response(200, "text/plain", std::string("done"));
            },
            mode);
    }
    /// A handler that waits for what never comes; `waited` is true when it did so to the end.
    void waiting_route(std::promise<bool>& waited) {
        route(Method::Get, "/hang", [this, &waited](Request request) -> Task<Response> {
            began_.set_value();
            const bool whole = co_await request.wait_stop.sleep(1h);
            waited.set_value(whole);
            co_return Response(204);
        });
    }
    std::promise<void> began_;
    async::Completion<> go_on_;
};

TEST_F(LifetimeTest, ClosesIdleConnections) {
    start();
    auto c = client();
    ASSERT_TRUE(c.get("/"));
    EXPECT_TRUE(c.closed_by_server());
    auto silent = client();
    ASSERT_TRUE(silent.write_raw(""));
    EXPECT_TRUE(silent.closed_by_server());
}

/// Sends `piece` again and again, never silent for long, until there is an answer.
void drip(Client& c, std::string_view piece) {
    for (int i = 0; i < 400 && !c.readable(25ms); ++i) ASSERT_TRUE(c.write_raw(piece));
}

TEST_F(LifetimeTest, EndsAHeadThatComesTooSlowlyHoweverSteadily) {
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("GET / HTTP/1.1\r\n"));
    drip(c, "X: y\r\n");
    const auto response = c.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 408);
}

TEST_F(LifetimeTest, EndsABodyThatStalls) {
    start();
    EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"), 408);
}

TEST_F(LifetimeTest, EndsABodyThatDripsBelowTheMinimalPace) {
    options_.timeouts.body_bytes_per_second_min = 10'000;
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"));
    drip(c, "a");
    const auto response = c.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 408);
}

TEST_F(LifetimeTest, EndsAResponseThatNobodyReads) {
    const auto file = file_with(pattern_bytes(64 << 20));
    std::promise<void> ended;
    route(Method::Get, "/large", [&](Request) -> Task<Response> {
        Response response;
        response.parts.emplace_back(FileSlice{file, 0, 64 << 20});
        // Released when the response is, which is when the connection gives up.
        response.generator = [guard = std::shared_ptr<void>(nullptr, [&](void*) {
                                  ended.set_value();
                              })]() -> Task<Result<std::optional<Part>>> {
            co_return std::nullopt;
        };
        response.generated_length = 0;
        co_return response;
    });
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(ended.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(LifetimeTest, RefusesMoreConnectionsThanItMayHave) {
    options_.connections_max = 2;
    options_.timeouts.idle = 20s;
    start();
    auto a = client();
    auto b = client();
    ASSERT_TRUE(a.get("/"));
    ASSERT_TRUE(b.get("/"));
    const auto refused = client().get("/");
    ASSERT_TRUE(refused) << refused.error().message;
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->headers.get("Retry-After"), "1");
    EXPECT_EQ(a.get("/")->status, 200);
}

TEST_F(LifetimeTest, AnswersOverloadWith503AndRetryAfter) {
    options_.requests_active_max = 1;
    // With one loop the refused request has ended before the next one is looked at.
    options_.threads = 1;
    blocking_route();
    start();
    auto waiting = client();
    ASSERT_TRUE(waiting.write_raw("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
    began_.get_future().wait();
    const auto refused = client().get("/");
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->headers.get("Retry-After"), "1");
    go_on_.set();
    EXPECT_EQ(waiting.read_response()->body, "done");
    // On the same connection, where the next request starts when the one before has ended.
    EXPECT_EQ(waiting.get("/")->status, 200);
}

TEST_F(LifetimeTest, BoundsTheMemoryOfAllBodiesTogether) {
    options_.body_memory_max = 150'000;
    options_.timeouts.stall = 20s;
    start();
    auto holder = client();
    ASSERT_TRUE(
        holder.write_raw("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
                         "Expect: 100-continue\r\n\r\n"));
    // It is asked for its body when it holds its share.
    EXPECT_EQ(holder.read_raw(25).value_or(""), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client().post("/echo", "x/y", pattern_bytes(100'000))->status, 503);
    ASSERT_TRUE(holder.write_raw(std::string(100'000, 'x')));
    EXPECT_EQ(holder.read_response()->status, 200);
    // On the same connection, where the share of the request before has been given back.
    EXPECT_EQ(holder.post("/echo", "x/y", pattern_bytes(100'000))->status, 200);
}

TEST_F(LifetimeTest, LetsRunningRequestsEndWhenItStops) {
    // With one loop both connections learn of the end at once.
    options_.threads = 1;
    blocking_route();
    start();
    auto c = client();
    auto idle = client();
    ASSERT_TRUE(idle.get("/"));
    ASSERT_TRUE(c.write_raw("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
    began_.get_future().wait();
    auto stopped = std::async(std::launch::async, [&] { return server_->stop(20s); });
    EXPECT_TRUE(idle.closed_by_server());
    EXPECT_FALSE(client().get("/")) << "the listeners are closed";
    go_on_.set();
    const auto response = c.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "done");
    EXPECT_EQ(response->headers.get("Connection"), "close");
    const auto report = stopped.get();
    EXPECT_EQ(report.requests_finished, 1);
    EXPECT_EQ(report.requests_cut, 0);
}

TEST_F(LifetimeTest, CancelsWhatStillRunsAfterItsPatience) {
    route(Method::Get, "/long", [this](Request request) -> Task<Response> {
        began_.set_value();
        const bool slept = co_await request.stop.sleep(1h);
        co_return problem(slept ? 200 : 503, "stopped");
    });
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("GET /long HTTP/1.1\r\nHost: x\r\n\r\n"));
    began_.get_future().wait();
    EXPECT_EQ(server_->stop(50ms).requests_cut, 1);
}

TEST_F(LifetimeTest, EndsAWaitWhenItsClientGoesAway) {
    std::promise<bool> waited;
    waiting_route(waited);
    start();
    {
        auto c = client();
        ASSERT_TRUE(c.write_raw("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n"));
        began_.get_future().wait();
    }
    EXPECT_FALSE(waited.get_future().get()) << "it waited to its end";
}

TEST_F(LifetimeTest, EndsAWaitAtOnceWhenItStops) {
    std::promise<bool> waited;
    waiting_route(waited);
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n"));
    began_.get_future().wait();
    const auto report = server_->stop(1h);
    EXPECT_EQ(report.requests_finished, 1);
    EXPECT_EQ(report.requests_cut, 0);
    EXPECT_FALSE(waited.get_future().get());
    const auto response = c.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 204);
}

TEST_F(LifetimeTest, CancelsABodyThatStillArrives) {
    options_.timeouts.stall = 1h;
    std::atomic<int> code{-1};
    route(
        Method::Post, "/read",
        [&](Request request) -> Task<Response> {
            std::vector<std::byte> buffer(100);
            began_.set_value();
            while (true) {
                const auto n = co_await request.body_stream->read(buffer);
                if (n) continue;
                code = static_cast<int>(n.error().code);
                co_return Response(200);
            }
        },
        BodyMode::Stream);
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na"));
    began_.get_future().wait();
    server_->stop(50ms);
    EXPECT_EQ(code, static_cast<int>(ErrorCode::Cancelled));
}

TEST_F(LifetimeTest, ServesManyClientsAtOnce) {
    options_.timeouts = {};
    start();
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            auto c = client();
            const auto body = pattern_bytes(static_cast<std::size_t>(1000 * t + 1));
            for (int i = 0; i < 100; ++i) {
                const auto response = c.post("/echo", "x/y", body);
                if (response && response->body == body) ++good;
                if (i % 10 == 9) c.close();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace larmor::http
