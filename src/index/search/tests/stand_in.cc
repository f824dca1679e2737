#include "index/search/tests/stand_in.h"

#include <cstdio>
#include <stdexcept>

namespace larmor::index::search::testing {

std::unique_ptr<StandIn> StandIn::start() {
    auto script = std::make_unique<objects::testing::Script>(
        std::vector<std::string>{LARMOR_SOURCE_DIR "/tests/opensearch/stand_in.py"});
    const auto greeting = script->line();
    constexpr std::string_view kPort = "port ";
    if (!greeting || !greeting->starts_with(kPort)) {
        std::fprintf(stderr,
                     "\n*** The description of OpenSearch's API is not installed: NOTHING is"
                     " tested on it. `./dev setup` does it. ***\n\n");
        return nullptr;
    }
    const auto port = std::stoi(greeting->substr(kPort.size()));
    return std::unique_ptr<StandIn>(
        new StandIn(std::move(script), static_cast<std::uint16_t>(port)));
}

opensearch::Address StandIn::address(const std::string& alias) const {
    return {.host = "127.0.0.1", .port = port_, .user = {}, .password = {}, .alias = alias};
}

std::string StandIn::ask(std::string_view method, const std::string& target,
                         const std::string& body, const std::string& content_type) {
    http::Client client("127.0.0.1", port_);
    http::ClientRequest request{.method = method, .target = target};
    if (!body.empty()) {
        request.headers.set("Content-Type", content_type);
        request.body = body;
    }
    auto response = client.send(request);
    if (!response || response->status >= 300) {
        throw std::runtime_error(response ? response->body : response.error().message);
    }
    return response->body;
}

namespace {

std::string action(const char* kind, const std::string& id, std::int64_t version) {
    return R"({")" + std::string(kind) + R"(":{"_index":"larmor-search","_id":")" + id +
           R"(","version":)" + std::to_string(version) +
           ",\"version_type\":\"external_gte\"}}\n";
}

}  // namespace

void StandIn::put(const std::string& id, std::int64_t version, const std::string& source) {
    const auto answer = ask("POST", "/_bulk", action("index", id, version) + source + "\n",
                            "application/x-ndjson");
    if (answer.find(R"("errors": false)") == std::string::npos)
        throw std::runtime_error(answer);
}

void StandIn::remove(const std::string& id, std::int64_t version) {
    const auto answer =
        ask("POST", "/_bulk", action("delete", id, version), "application/x-ndjson");
    if (answer.find(R"("errors": false)") == std::string::npos)
        throw std::runtime_error(answer);
}

}  // namespace larmor::index::search::testing
