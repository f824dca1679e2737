#pragma once
#include <memory>

#include "http/client.h"
#include "index/search/opensearch/address.h"
#include "objects/tests/s3_server.h"

namespace larmor::index::search::testing {

/// tests/opensearch/stand_in.py: the part of OpenSearch's API that the driver uses, strictly.
class StandIn {
public:
    /// Null where the description of the API is not installed.
    static std::unique_ptr<StandIn> start();

    opensearch::Address address(const std::string& alias = "larmor-search") const;
    /// Its answer to a request that must be good.
    std::string ask(std::string_view method, const std::string& target,
                    const std::string& body = {},
                    const std::string& content_type = "application/json");
    /// A document by hand, over what is there at the same version.
    void put(const std::string& id, std::int64_t version, const std::string& source);
    void remove(const std::string& id, std::int64_t version);
    /// What was written is found from here on.
    void refresh(const std::string& index) { ask("GET", "/" + index + "/_refresh"); }

private:
    explicit StandIn(std::unique_ptr<objects::testing::Script> script, std::uint16_t port)
        : script_(std::move(script)), port_(port) {}

    std::unique_ptr<objects::testing::Script> script_;
    std::uint16_t port_;
};

}  // namespace larmor::index::search::testing
