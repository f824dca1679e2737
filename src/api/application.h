#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admission/admission.h"
#include "async/worker_pool.h"
#include "audit/log.h"
#include "auth/credentials.h"
#include "auth/gate.h"
#include "auth/sign_in_code.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/current.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "events/event_bell.h"
#include "events/event_log.h"
#include "http/cors.h"
#include "http/origin.h"
#include "http/router.h"
#include "index/targets.h"
#include "ingest/importer.h"
#include "jobs/service.h"
#include "objects/object_store.h"
#include "queue/queues.h"
#include "retention/purger.h"

namespace larmor::index::search {
class SearchIndex;
}

namespace larmor::api {

/// What the edge stands on. All of it must outlive the router's last request.
/// Of a library without any.
inline const index::Targets& no_index_targets() {
    static const index::Targets kNone;
    return kNone;
}

struct Services {
    db::Database& database;
    objects::ObjectStore& store;
    catalog::Catalog& catalog;
    ingest::Importer& importer;
    retention::Purger& purger;
    events::EventLog& events;
    events::EventBell& event_bell;
    queue::Queues& queues;
    jobs::Service jobs;
    async::WorkerPool& pool;
    auth::Credentials& credentials;
    auth::SignInCode& sign_in_code;
    audit::Log& audit;
    admission::Admission& admission;
    /// Filled before the router is made.
    const index::Targets& index_targets = no_index_targets();
    const Clock& clock = system_clock();
    index::search::SearchIndex* search = nullptr;  ///< null: there is none
};

struct Options {
    /// Off takes everybody on this machine for the admin: the server must bind to loopback.
    auth::SignIn sign_in = auth::SignIn::Required;
    /// Browsers keep cookies per host, not per port: give each port its own name.
    std::string session_cookie = "larmor_session";
    std::chrono::seconds session_lifetime = std::chrono::hours(12);
    http::TrustedProxies trusted_proxies{};
    /// Where clients reach us, for links: `https://pacs.example/larmor`. Empty: what the
    /// request says (Host, or Forwarded from a trusted proxy). See parse_base_url.
    std::string base_url{};
    http::CorsPolicy cors{};  ///< which other sites' pages may ask us
    /// The built page (`web/dist`); nothing serves no page, and `/` is 404.
    std::optional<std::filesystem::path> web_folder;
    std::uint64_t store_body_max_bytes = std::uint64_t{1} << 40;  ///< of one STOW-RS request
    std::chrono::seconds delete_keep = std::chrono::days(30);  ///< to recover what is deleted
    std::size_t search_results_max = 5'000;  ///< in one answer; more come with `offset`
    /// Keys of those who may send events (see parse_event_secret); none: nobody may.
    std::shared_ptr<const Current<std::vector<ByteBuffer>>> event_secrets =
        std::make_shared<const Current<std::vector<ByteBuffer>>>();
    std::chrono::milliseconds event_heartbeat{15'000};  ///< of GET /v1/events
};

/// Everything that we answer over HTTP: DICOMweb under /dicomweb, sign-in, tokens and the
/// import under /v1, events and their rules, queues, jobs, health, metrics, the OpenAPI
/// document, and the page. Every route names the right it needs (the name of an auth::Right),
/// which is checked before the body is read. Errors: those of loading the page.
///
///     TRY(auto router, api::make_router(services, options));
///     TRY(auto server, http::Server::start(server_options, router));
///     print(api::sign_in_url(server->base_url(), sign_in_code.issue()));
Result<std::shared_ptr<http::Router>> make_router(Services services, Options options);

/// `http://host` or `https://host:port/path`, without query, fragment and the slash at the end
/// that is taken off here. Errors: InvalidInput.
Result<std::string> parse_base_url(std::string_view text);

/// The one-time link that is printed at start.
std::string sign_in_url(std::string_view base_url, std::string_view code);

}  // namespace larmor::api
