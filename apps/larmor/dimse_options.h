#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dimse/server.h"
#include "http/server.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace larmor {

class Library;

/// The DICOM side of `larmor serve`: off without a port.
struct DimseOptions {
    std::optional<std::uint16_t> port;
    std::string address = "127.0.0.1";
    std::string ae_title = "LARMOR";
    std::vector<std::string> called{};         ///< our own title where empty; `*`: any
    std::vector<std::string> calling{};        ///< `*`: any, the default on loopback only
    std::vector<std::string> remotes{};        ///< as parse_remote takes them
    std::filesystem::path remote_authorities;  ///< PEM
    std::size_t associations_max = 64;
    unsigned idle_seconds = 60;
    std::string tls = "auto";  ///< as HTTPS; off: plain beside HTTPS
};
void add_dimse_options(CLI::App& command, DimseOptions& options);

/// Nothing where it is off. `tls` is that of HTTPS. Errors: those of dimse::Server,
/// InvalidInput.
Result<std::unique_ptr<dimse::Server>> start_dimse(const DimseOptions& options,
                                                   std::optional<http::TlsFiles> tls,
                                                   Library& library);
void print_dimse(const DimseOptions& options, std::uint16_t port);

/// Reads `TITLE=host:port` or `TITLE=tls://host:port`, whose certificate is checked against
/// `authorities` (PEM; empty: those that the system trusts). Errors: InvalidInput.
Result<dimse::RemoteAddress> parse_remote(const std::string& text,
                                          const std::filesystem::path& authorities);

}  // namespace larmor
