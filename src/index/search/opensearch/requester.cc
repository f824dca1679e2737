#include "index/search/opensearch/requester.h"

#include <simdjson.h>

#include "base/base64.h"
#include "base/bytes.h"

namespace larmor::index::search::opensearch {
namespace {

constexpr std::size_t kKeptMax = 16;
constexpr std::uint64_t kAnswerMaxBytes = std::uint64_t{256} << 20;

http::ClientOptions options_for(const Address& address) {
    http::ClientOptions options;
    options.timeout = address.timeout;
    options.body_max = kAnswerMaxBytes;
    if (address.tls) options.tls = http::ClientTls{};
    return options;
}

bool is_away(int status) {
    return status == 429 || status >= 500 || status == 401 || status == 403;
}

}  // namespace

Result<http::ClientResponse> Requester::send(const Request& request) {
    auto response = send_once(request);
    was_away_ = !response;
    return response;
}

Result<http::ClientResponse> Requester::send_once(const Request& request) {
    auto client = take();
    http::ClientRequest sent{.method = request.method, .target = request.target};
    if (!request.body.empty()) {
        sent.headers.set("Content-Type", std::string(request.content_type));
        sent.body = request.body;
    }
    if (!address_.user.empty()) {
        sent.headers.set("Authorization", "Basic " + to_base64(as_bytes(address_.user + ":" +
                                                                        address_.password)));
    }
    auto response = client->send(sent);
    if (!response) {
        return fail(ErrorCode::Unavailable,
                    "OpenSearch at " + address_.host + ": " + response.error().message);
    }
    give_back(std::move(client));
    if (is_away(response->status)) {
        return fail(ErrorCode::Unavailable, "OpenSearch at " + address_.host +
                                                " answers with status " +
                                                std::to_string(response->status));
    }
    return response;
}

Result<std::string> Requester::expect(const Request& request) {
    TRY(auto response, send(request));
    if (response.status == 200 || response.status == 201) return std::move(response.body);
    return fail(ErrorCode::InvalidInput, "OpenSearch at " + address_.host + " answers to " +
                                             std::string(request.method) + " with status " +
                                             std::to_string(response.status) + " " +
                                             kind_of_error(response.body));
}

Result<std::string> Requester::search(std::string body) {
    return expect({.method = "POST",
                   .target = "/" + address_.alias + "/_search",
                   .body = std::move(body)});
}

std::unique_ptr<http::Client> Requester::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!free_.empty()) {
            auto client = std::move(free_.back());
            free_.pop_back();
            return client;
        }
    }
    return std::make_unique<http::Client>(address_.host, address_.port, options_for(address_));
}

void Requester::give_back(std::unique_ptr<http::Client> client) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < kKeptMax) free_.push_back(std::move(client));
}

std::string kind_of_error(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view kind;
    if (parser.parse(body.data(), body.size()).get(root) || root["error"]["type"].get(kind)) {
        return {};
    }
    return std::string(kind.substr(0, 100));
}

}  // namespace larmor::index::search::opensearch
