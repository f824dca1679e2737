#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "async/worker_pool.h"
#include "ingest/destination.h"
#include "ingest/turns.h"
#include "larmor/running_server.h"

namespace larmor {

/// Imports through a running server, by POST /v1/instances: the outcomes are those of the
/// server's importer. Up to kConnectionsMax instances are on their way at a time, so that they
/// share its syncs; one that comes in pieces is sent as it comes. Those of one SOP Instance UID
/// go one after the other, as they came.
///
/// Results with an error that is not about the instance: Unavailable where the server went
/// away, Unauthenticated and Denied where it does not take our token any more.
class RemoteImporter final : public ingest::Destination {
public:
    static constexpr unsigned kConnectionsMax = 32;

    explicit RemoteImporter(RunningServer server);
    ~RemoteImporter() override;

    async::Task<ingest::ImportResult> import_bytes(Bytes bytes,
                                                   ingest::ImportOptions options = {}) override;
    std::unique_ptr<ingest::ImportStream> begin(ingest::ImportOptions options = {}) override;

private:
    class Stream;
    http::ClientRequest request_for(const std::string& target) const;
    ingest::ImportResult send(Bytes bytes, const std::string& target);
    std::unique_ptr<http::Client> take_client();
    void give_back(std::unique_ptr<http::Client> client);
    Error went_away(const Error& error) const;

    const RunningServer server_;
    ingest::Turns turns_;  ///< by SOP Instance UID
    std::mutex mutex_;
    std::vector<std::unique_ptr<http::Client>> idle_;
    async::WorkerPool pool_;  ///< a thread a connection; last: ends before what it uses
};

/// What an answer of POST /v1/instances says. An answer that judges no instance becomes an
/// error: of this instance where another one may fare better, else one that ends the import.
/// `body` need not be what our server writes.
ingest::ImportResult read_import_answer(int status, const std::string& body);

}  // namespace larmor
