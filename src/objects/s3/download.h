#pragma once
#include "objects/s3/client.h"
#include "objects/s3/requester.h"

namespace larmor::objects::s3 {

/// One reading of an object or a range of it, over as many connections as it takes.
class Download {
public:
    Download(Requester& requester, const std::string& key, const GetOptions& options,
             const PieceSink& sink);
    Result<ObjectInfo> run();

private:
    /// What the first bytes of an answer must say. Errors: as Client::get.
    Result<void> check_head(const HttpAnswer& answer);
    Result<void> take(const HttpAnswer& answer, Bytes piece);
    Requester::Outcome attempt();
    Result<void> check_hash();

    Requester& requester_;
    const std::string& key_;
    const GetOptions& options_;
    const PieceSink& sink_;
    std::optional<ObjectInfo> info_;
    std::uint64_t wanted_ = 0;     ///< bytes in all; known with `info_`
    std::uint64_t delivered_ = 0;  ///< to the sink
    bool head_checked_ = false;    ///< of this attempt
    Sha256Stream hash_;
};

}  // namespace larmor::objects::s3
