#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "async/executor.h"
#include "http/client.h"
#include "http/router.h"
#include "http/server.h"

namespace larmor::http {

/// A server on a free loopback port with the routes that a test adds.
class ServerTest : public testing::Test {
protected:
    /// Adds a route that answers with what `handler` gives.
    void route(Method method, std::string pattern, Handler handler,
               BodyMode mode = BodyMode::Auto, std::optional<std::uint64_t> body_max = {}) {
        std::string name = "test" + std::to_string(router_->routes().size());
        router_->add({.method = method,
                      .pattern = std::move(pattern),
                      .name = std::move(name),
                      .right = Right("test"),
                      .handler = std::move(handler),
                      .body_max = body_max,
                      .body_mode = mode});
    }
    void start() {
        options_.threads = options_.threads ? options_.threads : 2;
        auto server = Server::start(options_, router_);
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    Client client(std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
        return Client("127.0.0.1", server_->port(), {.timeout = timeout});
    }
    /// Sends bytes on a new connection and gives the first response's status; 0 when the
    /// connection is closed without one.
    int status_of(std::string_view raw) {
        auto c = client();
        EXPECT_TRUE(c.write_raw(raw));
        const auto response = c.read_response();
        return response ? response->status : 0;
    }

    ServerOptions options_;
    std::shared_ptr<Router> router_ = std::make_shared<Router>();
    std::unique_ptr<Server> server_;
};

inline Task<Response> answer_text(std::string text) {
    co_return Response(200, "text/plain", std::move(text));
}

/// Bytes that differ from place to place, so that a shifted copy is not equal.
inline std::string pattern_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::uint32_t state = 12345;
    for (auto& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

/// A temporary file with these bytes, without a name.
inline std::shared_ptr<const UniqueFd> file_with(std::string_view bytes) {
    auto file =
        std::make_shared<UniqueFd>(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_TRUE(*file);
    EXPECT_TRUE(write_all(*file, as_bytes(bytes)));
    return file;
}

}  // namespace larmor::http
