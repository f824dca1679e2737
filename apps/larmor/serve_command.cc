#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "api/application.h"
#include "api/health.h"
#include "auth/cross_site.h"
#include "auth/secret.h"
#include "events/retention.h"
#include "http/server.h"
#include "larmor/command.h"
#include "larmor/command_actor.h"
#include "larmor/index_targets.h"
#include "larmor/live_settings.h"
#include "larmor/objects_option.h"
#include "larmor/running_server.h"
#include "larmor/serve_request.h"
#include "larmor/web_folder.h"
#include "library/job_work.h"
#include "library/library.h"
#include "library/work.h"
#include "observe/log.h"

namespace larmor {
namespace {

using namespace std::chrono_literals;

std::optional<http::TlsFiles> tls_files(const ServeRequest& request) {
    if (request.tls_certificate.empty()) return std::nullopt;
    return http::TlsFiles{request.tls_certificate, request.tls_key};
}

void note_in_trail(Library& library, audit::Action action, const std::string& where) {
    audit::Entry entry;
    entry.action = action;
    entry.actor = command_actor();
    entry.route = "serve";
    entry.detail = "larmor " LARMOR_VERSION " at " + where;
    // Waited for, so that an export that ends with us has it; a trail that can't be written
    // says so itself.
    static_cast<void>(library.audit().record_and_wait(std::move(entry)));
}

/// SIGINT, SIGTERM and SIGHUP, taken by `wait_for_end` instead of ending the process. Before
/// any thread starts, since threads inherit what is blocked.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

/// Until a signal that ends; `reload` is called for each SIGHUP.
void wait_for_end(const sigset_t& signals, const std::function<void()>& reload) {
    for (;;) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGHUP) {
            observe::log_info("stopping", {{"signal", signal}});
            return;
        }
        reload();
    }
}

http::ServerOptions server_options(const ServeRequest& request) {
    http::ServerOptions options;
    options.address = request.address;
    options.port = request.port;
    options.threads = request.threads;
    options.log_requests = observe::log_enabled(observe::LogLevel::Debug);
    options.tls = tls_files(request);
    return options;
}

/// Whole days, rounded up: the log is dropped by days.
Result<events::Retention::Options> retention_options(const ServeRequest& request) {
    TRY(const auto keep_s, auth::parse_lifetime_s(request.events_keep));
    events::Retention::Options options;
    options.keep = std::chrono::ceil<std::chrono::days>(std::chrono::seconds(keep_s));
    return options;
}

Result<api::Options> api_options(const ServeRequest& request, const LiveSettings& live,
                                 std::uint16_t port) {
    api::Options options;
    if (!request.base_url.empty()) {
        TRY(options.base_url, api::parse_base_url(request.base_url));
    }
    TRY(options.trusted_proxies, http::TrustedProxies::parse(request.trusted_proxies));
    TRY(options.cors, http::CorsPolicy::parse(request.cors_origins));
    TRY(const auto keep_s, auth::parse_lifetime_s(request.delete_keep));
    options.delete_keep = std::chrono::seconds(keep_s);
    options.event_secrets = live.event_secrets();
    options.sign_in = request.auth == "off" ? auth::SignIn::Off : auth::SignIn::Required;
    options.session_cookie = "larmor_session_" + std::to_string(port);
    options.web_folder = request.web.empty()
                             ? find_web_folder()
                             : std::optional<std::filesystem::path>(request.web);
    return options;
}

void print_welcome(const Settings& settings, const ServeRequest& request,
                   const std::string& base_url, auth::SignInCode& code) {
    std::printf("larmor " LARMOR_VERSION " serves %s at %s\n", settings.library.c_str(),
                base_url.c_str());
    if (request.read_only) std::puts("read-only: nothing is stored or changed");
    if (request.auth == "off") {
        std::puts("sign-in is off: everybody on this machine may do everything");
    } else {
        std::printf("sign in (once, within %lld minutes): %s\n",
                    static_cast<long long>(auth::SignInCode::kLifetime.count()),
                    api::sign_in_url(base_url, code.issue()).c_str());
    }
    std::fflush(stdout);
}

/// Health and metrics of a worker; null where nobody asked for them.
Result<std::unique_ptr<http::Server>> serve_health(const ServeRequest& request, Core& core) {
    if (!request.health_port) return nullptr;
    http::ServerOptions options;
    options.port = *request.health_port;
    options.threads = 1;
    options.connections_max = 64;
    return http::Server::start(
        std::move(options),
        api::make_worker_router({core.database(), core.pool(), core.admission()}));
}

/// Works on the queues beside the process that serves, until a signal.
Result<void> serve_as_worker(const CommandLine& line, const ServeRequest& request) {
    const Settings& settings = line.settings;
    const auto signals = block_signals();
    TRY(const auto live, LiveSettings::read(request));
    TRY(const auto core, Core::open({.folder = settings.library,
                                     .database = settings.database,
                                     .objects = request.objects,
                                     .role = ProcessRole::Worker,
                                     .threads = request.threads,
                                     .disk_reserve_bytes = request.disk_reserve.bytes}));
    TRY(const auto work, Work::start(*core, {.webhook_secrets = live->webhook_secrets()}));
    TRY(const auto targets, open_index_targets(request, settings.library));
    TRY(const auto index, start_index(request, *core, targets));
    TRY(const auto health, serve_health(request, *core));
    const auto reload = [&] { live->reload(line.read_again, core->admission()); };
    std::printf("larmor " LARMOR_VERSION " works on the queues of %s\n",
                settings.library.c_str());
    if (health) std::printf("health and metrics: %s\n", health->base_url().c_str());
    std::fflush(stdout);
    wait_for_end(signals, reload);
    return {};
}

Result<void> serve(const CommandLine& line, const ServeRequest& request) {
    const Settings& settings = line.settings;
    if (request.role == "worker") return serve_as_worker(line, request);
    if (request.health_port) {
        return fail(
            ErrorCode::InvalidInput,
            "--health-port is a worker's (--role worker): what serves answers /healthz, "
            "/readyz and /metrics at its port");
    }
    if (request.auth == "off" && !auth::is_loopback(request.address)) {
        return fail(ErrorCode::InvalidInput,
                    "--auth off is accepted on loopback only, not on " + request.address);
    }
    const auto signals = block_signals();
    TRY(const auto library, Library::open({.folder = settings.library,
                                           .database = settings.database,
                                           .objects = request.objects,
                                           .import_places = request.import_places,
                                           .disk_reserve_bytes = request.disk_reserve.bytes,
                                           .read_only = request.read_only}));
    TRY(const auto targets, open_index_targets(request, settings.library));
    library->index_targets() = targets.all;
    TRY(const auto live, LiveSettings::read(request));
    TRY(const auto keep, retention_options(request));
    events::Retention event_retention(library->database(), library->events(), keep);
    TRY(const auto exporter, start_audit_export(request.audit, library->audit()));
    auth::SignInCode sign_in_code(system_clock());
    const auto make_router = [&](std::uint16_t port) -> Result<std::shared_ptr<http::Service>> {
        TRY(auto options, api_options(request, *live, port));
        return api::make_router({.database = library->database(),
                                 .store = library->store(),
                                 .catalog = library->catalog(),
                                 .importer = library->importer(),
                                 .purger = library->purger(),
                                 .events = library->events(),
                                 .event_bell = library->event_bell(),
                                 .queues = library->queues(),
                                 .jobs = library->jobs(),
                                 .pool = library->pool(),
                                 .credentials = library->credentials(),
                                 .sign_in_code = sign_in_code,
                                 .audit = library->audit(),
                                 .admission = library->admission(),
                                 .index_targets = library->index_targets(),
                                 .search = targets.search.get()},
                                std::move(options));
    };
    TRY(const auto server, http::Server::start(server_options(request), make_router));
    TRY(const auto dimse, start_dimse(request.dimse, tls_files(request), *library));
    std::unique_ptr<Work> work;
    TRY(IndexWorks index, start_index(request, library->core(), targets));
    if (!request.read_only && request.role == "all") {
        TRY(work, Work::start(library->core(), {.webhook_secrets = live->webhook_secrets()}));
    }
    std::unique_ptr<JobWork> job_work;
    if (!request.read_only) {
        TRY(job_work, JobWork::start(*library));
        library->purger().start(command_actor());
        event_retention.start();
    }
    const auto announcement =
        Announcement::publish(settings.library, library->credentials(),
                              {.host = request.address,
                               .port = server->port(),
                               .certificate_sha256 = server->certificate_sha256(),
                               .token = {}});
    if (!announcement) {
        // On a full disk reads still work: only the commands beside the server do not find it.
        if (announcement.error().code != ErrorCode::NoSpace) {
            return tl::unexpected(announcement.error());
        }
        observe::log_warning("commands will not find this server",
                             {{"reason", announcement.error().message}});
    }
    note_in_trail(*library, audit::Action::Start, server->base_url());
    print_welcome(settings, request,
                  request.base_url.empty() ? server->base_url()
                                           : api::parse_base_url(request.base_url).value(),
                  sign_in_code);
    if (dimse) print_dimse(request.dimse, dimse->port());
    const auto reload = [&] { live->reload(line.read_again, library->admission()); };
    wait_for_end(signals, reload);
    if (dimse) dimse->stop();
    library->event_bell().close();
    library->jobs().bell.close();
    const auto report = server->stop(10s);
    index.clear();
    work.reset();
    job_work.reset();
    note_in_trail(*library, audit::Action::Stop, server->base_url());
    observe::log_info("stopped", {{"requests_finished", report.requests_finished},
                                  {"requests_cut", report.requests_cut}});
    return {};
}

}  // namespace

void add_serve(CommandLine& line) {
    auto* command =
        line.app.add_subcommand("serve", "serve the library: DICOMweb and the page");
    auto request = std::make_shared<ServeRequest>();
    command
        ->add_option("--address", request->address,
                     "numeric; loopback unless you say otherwise")
        ->envname("LARMOR_ADDRESS")
        ->capture_default_str();
    command->add_option("--port", request->port, "0 takes a free one")
        ->envname("LARMOR_PORT")
        ->capture_default_str();
    command
        ->add_option("--auth", request->auth,
                     "on; off, on loopback only, lets everybody on this machine do everything")
        ->check(CLI::IsMember({"on", "off"}))
        ->envname("LARMOR_AUTH")
        ->capture_default_str();
    command
        ->add_option(
            "--role", request->role,
            "all; server leaves the queues to workers; worker, beside the process that "
            "serves a library whose rows are in PostgreSQL, only prepares instances "
            "and calls webhooks")
        ->check(CLI::IsMember({"all", "server", "worker"}))
        ->envname("LARMOR_ROLE")
        ->capture_default_str();
    command
        ->add_option("--health-port", request->health_port,
                     "of a worker: answers /healthz, /readyz and /metrics at this port of "
                     "127.0.0.1, without sign-in; 0 takes a free one")
        ->envname("LARMOR_HEALTH_PORT");
    command->add_option("--web", request->web, "folder of the built page, instead of our own")
        ->envname("LARMOR_WEB");
    command
        ->add_option(
            "--base-url", request->base_url,
            "where clients reach this server, for the links that it gives out, such as "
            "https://pacs.example/larmor")
        ->envname("LARMOR_BASE_URL");
    command
        ->add_option("--trust-proxy", request->trusted_proxies,
                     "addresses or networks whose Forwarded and X-Forwarded-* are believed")
        ->delimiter(',')
        ->envname("LARMOR_TRUST_PROXY");
    command
        ->add_option(
            "--cors-origin", request->cors_origins,
            "pages of these origins may ask this server, such as https://viewer.example")
        ->delimiter(',')
        ->envname("LARMOR_CORS_ORIGIN");
    command
        ->add_option("--delete-keep", request->delete_keep,
                     "how long what is deleted can be recovered: 30d, 12h")
        ->envname("LARMOR_DELETE_KEEP")
        ->capture_default_str();
    command
        ->add_option("--events-keep", request->events_keep,
                     "how long events can be replayed: 90d, 36h (days are dropped whole)")
        ->envname("LARMOR_EVENTS_KEEP")
        ->capture_default_str();
    command
        ->add_option(
            "--event-secrets", request->event_secrets,
            "file with the keys of those who may send events (POST /v1/events), a line "
            "each: whsec_ and base64, as Standard Webhooks has them")
        ->envname("LARMOR_EVENT_SECRETS");
    command
        ->add_option("--webhook-secrets", request->webhook_secrets,
                     "file with the keys that sign what rules send to webhooks, a line each: "
                     "whsec_ and base64, as Standard Webhooks has them")
        ->envname("LARMOR_WEBHOOK_SECRETS");
    command
        ->add_option("--index-mysql", request->index_mysql,
                     "keeps the tables of ahiindex in a MySQL or MariaDB server: "
                     "mysql://user@host:port/database?tls=required; the password is in "
                     "LARMOR_INDEX_MYSQL_PASSWORD")
        ->envname("LARMOR_INDEX_MYSQL");
    command
        ->add_option("--index-mysql-levels", request->index_mysql_levels,
                     "what is kept in MySQL; of other levels only the keys that the kept ones "
                     "stand on")
        ->envname("LARMOR_INDEX_MYSQL_LEVELS")
        ->capture_default_str();
    command
        ->add_option("--index-batch", request->index_batch,
                     "messages of a target of the index that are received at a time")
        ->check(CLI::Range(1, 1000))
        ->envname("LARMOR_INDEX_BATCH")
        ->capture_default_str();
    command
        ->add_option(
            "--index-search", request->index_search,
            "keeps an index for POST /v1/search: embedded, in the library's folder, or "
            "in OpenSearch, https://user@host:port/alias; the password is in "
            "LARMOR_INDEX_SEARCH_PASSWORD")
        ->envname("LARMOR_INDEX_SEARCH");
    command
        ->add_option("--index-search-levels", request->index_search_levels,
                     "what searches keep; of other levels only the ids and UIDs")
        ->envname("LARMOR_INDEX_SEARCH_LEVELS")
        ->capture_default_str();
    command
        ->add_option("--index-lake", request->index_lake,
                     "keeps Parquet files in a folder, or in S3: "
                     "s3://bucket/prefix?endpoint=URL&region=NAME; keys of S3 as AWS's tools "
                     "take them from the environment")
        ->envname("LARMOR_INDEX_LAKE");
    command
        ->add_option("--index-lake-levels", request->index_lake_levels,
                     "what is kept in the lake; of other levels only keys and counts, and no "
                     "instances")
        ->envname("LARMOR_INDEX_LAKE_LEVELS")
        ->capture_default_str();
    command
        ->add_option("--index-concurrency", request->index_concurrency,
                     "image sets that are written to a target of the index at a time")
        ->check(CLI::Range(1, 100))
        ->envname("LARMOR_INDEX_CONCURRENCY")
        ->capture_default_str();
    command->add_option("--threads", request->threads, "of the HTTP server; 0: one a processor")
        ->envname("LARMOR_THREADS");
    add_objects_option(*command, request->objects);
    add_import_places_option(*command, request->import_places);
    add_disk_reserve(*command, request->disk_reserve);
    command
        ->add_flag(
            "--read-only", request->read_only,
            "store, change and prepare nothing; sign-in, tokens and the audit trail go on")
        ->envname("LARMOR_READ_ONLY");
    auto* certificate =
        command
            ->add_option("--tls-certificate", request->tls_certificate, "PEM, with its chain")
            ->envname("LARMOR_TLS_CERTIFICATE");
    auto* key = command->add_option("--tls-key", request->tls_key, "PEM, not encrypted")
                    ->envname("LARMOR_TLS_KEY");
    certificate->needs(key);
    key->needs(certificate);
    add_dimse_options(*command, request->dimse);
    add_audit_options(*command, request->audit);
    command->callback([&line, request] {
        line.serve = request;
        line.run = [&line, request] {
            const auto served = serve(line, *request);
            return served ? kDone : fail_command(served.error());
        };
    });
}

}  // namespace larmor
