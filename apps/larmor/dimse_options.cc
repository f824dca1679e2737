#include "larmor/dimse_options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>

#include "auth/cross_site.h"
#include "http/transport.h"
#include "library/library.h"

namespace larmor {
namespace {

constexpr std::string_view kAnybody = "*";

/// The list as the server takes it, where empty means anybody.
std::vector<std::string> allowed(const std::vector<std::string>& titles) {
    const bool anybody = std::find(titles.begin(), titles.end(), kAnybody) != titles.end();
    return anybody ? std::vector<std::string>() : titles;
}

}  // namespace

Result<dimse::RemoteAddress> parse_remote(const std::string& text,
                                          const std::filesystem::path& authorities) {
    constexpr std::string_view kTls = "tls://";
    const auto equals = std::min(text.find('='), text.size());
    std::string_view place = std::string_view(text).substr(std::min(equals + 1, text.size()));
    const bool with_tls = place.starts_with(kTls);
    if (with_tls) place.remove_prefix(kTls.size());
    const auto colon = std::min(place.rfind(':'), place.size());
    const auto port = place.substr(std::min(colon + 1, place.size()));
    dimse::RemoteAddress remote{.ae_title = text.substr(0, equals),
                                .host = std::string(place.substr(0, colon)),
                                .port = 0};
    const auto [read, error] =
        std::from_chars(port.data(), port.data() + port.size(), remote.port);
    const bool whole = read == port.data() + port.size();
    if (error != std::errc() || !whole || remote.port == 0 || remote.host.empty() ||
        !dimse::is_ae_title(remote.ae_title)) {
        return fail(
            ErrorCode::InvalidInput,
            "a remote AE is written TITLE=host:port or TITLE=tls://host:port, not " + text);
    }
    if (with_tls) {
        TRY(remote.tls, http::TlsClientContext::load({.authorities = authorities}));
    }
    return remote;
}

Result<std::unique_ptr<dimse::Server>> start_dimse(const DimseOptions& options,
                                                   std::optional<http::TlsFiles> tls,
                                                   Library& library) {
    if (!options.port) return std::unique_ptr<dimse::Server>();
    if (options.calling.empty() && !auth::is_loopback(options.address)) {
        return fail(ErrorCode::InvalidInput,
                    "--dimse-address " + options.address +
                        " opens the archive to the network: say who may call with"
                        " --dimse-calling (or * for anybody)");
    }
    dimse::ServerOptions server;
    server.address = options.address;
    server.port = *options.port;
    server.called_titles =
        options.called.empty() ? std::vector{options.ae_title} : allowed(options.called);
    server.calling_titles = allowed(options.calling);
    server.associations_max = options.associations_max;
    if (options.tls != "off") server.tls = std::move(tls);

    dimse::Services services{.database = library.database(),
                             .store = library.store(),
                             .catalog = library.catalog(),
                             .importer = library.importer(),
                             .audit = library.audit(),
                             .ae_title = options.ae_title};
    services.patience.idle = std::chrono::seconds(options.idle_seconds);
    for (const auto& text : options.remotes) {
        TRY(auto remote, parse_remote(text, options.remote_authorities));
        services.remotes.push_back(std::move(remote));
    }
    return dimse::Server::start(std::move(server), std::move(services));
}

void print_dimse(const DimseOptions& options, std::uint16_t port) {
    std::printf("DICOM: %s at %s port %u\n", options.ae_title.c_str(), options.address.c_str(),
                static_cast<unsigned>(port));
    std::fflush(stdout);
}

void add_dimse_options(CLI::App& command, DimseOptions& options) {
    command
        .add_option("--dimse-port", options.port,
                    "listen for DICOM associations; 0 takes a free port; off without it")
        ->envname("LARMOR_DIMSE_PORT");
    command
        .add_option("--dimse-address", options.address,
                    "numeric; loopback unless you say otherwise")
        ->envname("LARMOR_DIMSE_ADDRESS")
        ->capture_default_str();
    command.add_option("--dimse-ae-title", options.ae_title, "our AE title")
        ->envname("LARMOR_DIMSE_AE_TITLE")
        ->capture_default_str();
    command
        .add_option("--dimse-called", options.called,
                    "AE titles that we answer to, instead of our own; * for any")
        ->envname("LARMOR_DIMSE_CALLED");
    command
        .add_option("--dimse-calling", options.calling,
                    "AE titles that may call; * for any, which is the default on loopback only")
        ->envname("LARMOR_DIMSE_CALLING");
    command
        .add_option("--dimse-remote", options.remotes,
                    "AEs that C-MOVE may send to and that get the results of storage "
                    "commitment, each as TITLE=host:port or TITLE=tls://host:port")
        ->envname("LARMOR_DIMSE_REMOTE");
    command
        .add_option("--dimse-remote-ca", options.remote_authorities,
                    "PEM: who may sign their certificates, instead of those that the system "
                    "trusts")
        ->check(CLI::ExistingFile)
        ->envname("LARMOR_DIMSE_REMOTE_CA");
    command
        .add_option("--dimse-associations", options.associations_max,
                    "at most so many associations at a time")
        ->check(CLI::Range(1, 1000))
        ->envname("LARMOR_DIMSE_ASSOCIATIONS")
        ->capture_default_str();
    command
        .add_option("--dimse-idle", options.idle_seconds,
                    "seconds that a peer may be silent between messages")
        ->check(CLI::Range(1, 86400))
        ->envname("LARMOR_DIMSE_IDLE")
        ->capture_default_str();
    command
        .add_option("--dimse-tls", options.tls,
                    "auto: with the certificate of HTTPS, where there is one; off")
        ->check(CLI::IsMember({"auto", "off"}))
        ->envname("LARMOR_DIMSE_TLS")
        ->capture_default_str();
}

}  // namespace larmor
