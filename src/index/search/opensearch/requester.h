#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "index/search/opensearch/address.h"

namespace larmor::index::search::opensearch {

/// Sends requests over kept connections. Safe from any thread; blocks.
class Requester {
public:
    explicit Requester(Address address) : address_(std::move(address)) {}

    struct Request {
        std::string_view method;
        std::string target;
        std::string body{};
        std::string_view content_type = "application/json";
    };
    /// Any answer that says something of the request. Errors: Unavailable where the cluster is
    /// away, is too busy (429, 5xx) or takes no request of ours (401, 403).
    Result<http::ClientResponse> send(const Request& request);
    /// The same where nothing but 200 and 201 is expected; else InvalidInput with the status
    /// and the kind of error, and never its reason, which can quote values.
    Result<std::string> expect(const Request& request);
    /// The answer of `_search` of all that is behind our alias.
    Result<std::string> search(std::string body);

    const Address& address() const { return address_; }
    /// Whether the last request found the cluster away.
    bool was_away() const { return was_away_; }

private:
    Result<http::ClientResponse> send_once(const Request& request);
    std::unique_ptr<http::Client> take();
    void give_back(std::unique_ptr<http::Client> client);

    const Address address_;
    std::atomic<bool> was_away_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<http::Client>> free_;
};

/// `version_conflict_engine_exception` of an error's body; empty where it has none.
std::string kind_of_error(std::string_view body);

}  // namespace larmor::index::search::opensearch
