#pragma once
#include <memory>
#include <vector>

#include "api/audited.h"
#include "api/store_response.h"
#include "ingest/destination.h"

namespace larmor::api {

/// What became of a STOW-RS request, for its answer and for the record.
struct StoreOutcome {
    StoreResponse response;
    AuditNote note;

    void add(const ingest::ImportResult& result, const ingest::ImportOptions& options);
};

/// Instances of one request that were read and wait for each other, so that many become durable
/// with one sync.
class ImportBatch {
public:
    static constexpr std::size_t kInstancesMax = 64;  ///< that are finished at once
    static constexpr std::uint64_t kBytesMax = std::uint64_t{16} << 20;

    /// `outcome` must outlive this.
    ImportBatch(StoreOutcome& outcome, ingest::ImportOptions options)
        : outcome_(outcome), options_(std::move(options)) {}
    /// Finishes all where they have become many.
    http::Task<void> add(std::unique_ptr<ingest::ImportStream> stream,
                         std::uint64_t size_bytes);
    http::Task<void> finish();

private:
    StoreOutcome& outcome_;
    ingest::ImportOptions options_;
    std::vector<std::unique_ptr<ingest::ImportStream>> streams_;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace larmor::api
