#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "async/cancel.h"
#include "base/bytes.h"
#include "objects/s3/server_error.h"
#include "sigv4/canonical.h"

namespace larmor::objects::s3 {

/// One HTTP request, ready to be sent.
struct HttpRequest {
    std::string method;
    std::string url;
    std::vector<sigv4::Header> headers;
    Bytes body;  ///< of PUT and POST; must live until the answer is there
    /// No byte may be under way for longer than this; the time that a sink takes does not
    /// count.
    std::chrono::milliseconds silence_max{30'000};
    std::size_t answer_max_bytes = 8 << 20;  ///< of a body that is collected
};

struct HttpAnswer {
    int status = 0;
    std::vector<sigv4::Header> headers;
    std::string body;              ///< where it was not given to a sink
    std::uint64_t body_bytes = 0;  ///< that came, also to a sink

    /// `name` in lower case; empty where there is none.
    std::string_view header(std::string_view name) const;
};

/// Takes the body of an answer with a status of 2xx, piece by piece; `head` has status and
/// headers. An error ends the exchange and is its result.
using AnswerSink = std::function<Result<void>(const HttpAnswer& head, Bytes piece)>;

struct ConnectionOptions {
    std::size_t count_max = 16;  ///< exchanges at a time; more wait for their turn
    std::chrono::milliseconds connect_timeout{10'000};
    std::filesystem::path
        authorities{};  ///< PEM; the system's where empty. TLS is always checked
    async::CancelToken cancel{};
};

/// Connections that are kept and used again; blocks; safe from any thread. Any answer is a
/// result, whatever its status; a body that ends before its length is none.
class Connections {
public:
    explicit Connections(ConnectionOptions options);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// Failures have the status 0. Errors: Unavailable, Cancelled, those of the sink.
    tl::expected<HttpAnswer, Failure> exchange(const HttpRequest& request,
                                               const AnswerSink& sink);

    const async::CancelToken& cancel() const { return options_.cancel; }

private:
    struct Handle;
    class Lease;
    Result<std::unique_ptr<Handle>> take();
    void give_back(std::unique_ptr<Handle> handle);

    const ConnectionOptions options_;
    std::mutex mutex_;
    std::condition_variable given_back_;
    std::vector<std::unique_ptr<Handle>> idle_;
    std::size_t busy_ = 0;
};

}  // namespace larmor::objects::s3
