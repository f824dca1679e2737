#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "auth/credentials.h"
#include "http/client.h"

namespace larmor {

/// How the commands reach the server that has a library open: one process owns it at a time.
struct RunningServer {
    std::string host;  ///< numeric
    std::uint16_t port = 0;
    /// Of its certificate, in hex; empty without TLS. Says who it is better than a name could:
    /// the file that it stands in is private.
    std::string certificate_sha256;
    std::string token;  ///< of an admin

    /// `127.0.0.1:4258`, for messages.
    std::string name() const;
    /// A client that has not connected yet.
    http::Client client(std::chrono::milliseconds timeout) const;
    /// Authorization.
    http::Headers headers() const;
};

/// For an answer of the server that is none to what was asked.
tl::unexpected<Error> unexpected_answer();

/// Requests of its API, one after the other over one connection.
class ServerApi {
public:
    ServerApi(const RunningServer& server, std::chrono::milliseconds timeout)
        : client_(server.client(timeout)), headers_(server.headers()) {}

    /// Sends `json`, where there is some, and gives the body of the answer; empty where nothing
    /// was modified (304). Errors: NotFound (404, 410), Conflict (409), Unavailable (503),
    /// InvalidInput for any other status from 300 on, with what the server says; those of
    /// http::Client.
    Result<std::string> call(std::string_view method, const std::string& target,
                             std::string_view json = {}, const http::Headers& further = {});
    /// The same for an answer whose head is wanted too.
    Result<http::ClientResponse> ask(std::string_view method, const std::string& target,
                                     std::string_view json, const http::Headers& further);

private:
    http::Client client_;
    http::Headers headers_;
};

/// `server.json` in the library's folder, readable by its owner only, for as long as the server
/// runs. What a server that was killed left is replaced, and its token revoked, by the next.
class Announcement {
public:
    /// Makes the token and writes the file, `server` with that token. Errors: those of
    /// Credentials and of files.
    static Result<Announcement> publish(const std::filesystem::path& library,
                                        auth::Credentials& credentials, RunningServer server);
    Announcement(Announcement&& other) noexcept;
    Announcement& operator=(Announcement&&) = delete;
    /// Removes the file and revokes the token.
    ~Announcement();

private:
    Announcement(std::filesystem::path file, auth::Credentials& credentials,
                 std::string token_id)
        : file_(std::move(file)), credentials_(&credentials), token_id_(std::move(token_id)) {}
    std::filesystem::path file_;
    auth::Credentials* credentials_;
    std::string token_id_;
};

/// What the file says; whether anybody still listens there shows when it is tried.
/// Errors: NotFound where there is no file, InvalidInput where it is none of ours.
Result<RunningServer> find_running_server(const std::filesystem::path& library);

/// The server to go through where Library::open gave `refusal`: it answers, and knows us.
/// Errors: `refusal` itself where it is not that another process has the library, or where that
/// process is no server that answers.
Result<RunningServer> server_instead_of(const Error& refusal,
                                        const std::filesystem::path& library);

}  // namespace larmor
