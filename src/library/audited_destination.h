#pragma once
#include "audit/log.h"
#include "ingest/destination.h"

namespace larmor {

/// A destination that puts what is stored on record before it says so.
class AuditedDestination final : public ingest::Destination {
public:
    /// `detail` goes into each record: of what the instances are part.
    AuditedDestination(ingest::Destination& destination, audit::Log& log, audit::Actor actor,
                       std::string detail = {})
        : destination_(destination),
          log_(log),
          actor_(std::move(actor)),
          detail_(std::move(detail)) {}

    async::Task<ingest::ImportResult> import_bytes(Bytes bytes,
                                                   ingest::ImportOptions options) override;
    std::unique_ptr<ingest::ImportStream> begin(ingest::ImportOptions options) override;

private:
    class Stream;
    /// The same result, or one that is rejected: what is not on record is not acknowledged.
    async::Task<ingest::ImportResult> on_record(ingest::ImportResult result);

    ingest::Destination& destination_;
    audit::Log& log_;
    const audit::Actor actor_;
    const std::string detail_;
};

}  // namespace larmor
