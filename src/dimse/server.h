#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dimse/services.h"
#include "http/server.h"

namespace larmor::dimse {

struct ServerOptions {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6, numeric
    std::uint16_t port = 0;             ///< 0: one that is free, see Server::port
    /// Who may be called, and who may call; an empty list is everybody.
    std::vector<std::string> called_titles;
    std::vector<std::string> calling_titles;
    /// Each has a thread and at most 2 MiB: PDU, read buffer and an instance in memory (what is
    /// larger goes to the store as it comes). Over it an association is rejected as transient;
    /// connections over it that have not asked yet are bounded too, and closed.
    std::size_t associations_max = 64;
    std::optional<http::TlsFiles> tls;
};

/// A DICOM application entity that listens, SCP of Verification, Storage, Query/Retrieve (both
/// roots) and Storage Commitment (PS3.4 annexes A, B, C and J). Every association has a thread
/// of its own, and what it waits for has a limit.
class Server {
public:
    /// Listens when it returns. Errors: Unavailable when the address is taken or not ours,
    /// InvalidInput for an address, AE title, certificate or key that can't be used.
    static Result<std::unique_ptr<Server>> start(ServerOptions options, Services services);
    /// As `stop`.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const;

    /// Closes the listener; associations read no more, answer what they have whole, and end.
    void stop();

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// True for 1 to 16 characters that an AE title may have: ASCII without backslash and control
/// characters, not only blanks (PS3.5 section 6.2).
bool is_ae_title(std::string_view title);

}  // namespace larmor::dimse
