#include "larmor/running_server.h"

#include <fcntl.h>
#include <simdjson.h>

#include <utility>

#include "base/file.h"
#include "base/json_text.h"

namespace larmor {
namespace {

constexpr std::chrono::seconds kProbeTimeout{10};
constexpr std::string_view kTokenName = "commands of the running server";

std::filesystem::path file_in(const std::filesystem::path& library) {
    return library / "server.json";
}

/// Where somebody on this machine finds a server that listens on every address.
std::string reachable(const std::string& host) {
    return host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
}

Result<void> revoke_leftovers(auth::Credentials& credentials) {
    TRY(const auto tokens, credentials.list(auth::Kind::Token));
    for (const auto& token : tokens) {
        if (token.name == kTokenName && !token.revoked) {
            TRY_VOID(credentials.revoke_and_wait(token.id));
        }
    }
    return {};
}

Result<void> write_private(const std::filesystem::path& path, std::string_view text) {
    const auto partial = path.string() + ".part";
    {
        TRY(const auto file, open_file(partial, O_WRONLY | O_CREAT | O_TRUNC, 0600));
        if (auto written = write_all(file, as_bytes(text)); !written) {
            std::error_code ignored;
            std::filesystem::remove(partial, ignored);
            return written;
        }
    }
    std::error_code error;
    std::filesystem::rename(partial, path, error);
    if (error) {
        return system_failure("cannot name " + path.string(), error.value());
    }
    return {};
}

}  // namespace

std::string RunningServer::name() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

http::Client RunningServer::client(std::chrono::milliseconds timeout) const {
    http::ClientOptions options;
    options.timeout = timeout;
    if (!certificate_sha256.empty()) {
        options.tls = http::ClientTls{.certificate_sha256 = certificate_sha256};
    }
    return {host, port, std::move(options)};
}

http::Headers RunningServer::headers() const {
    return {{"Authorization", "Bearer " + token}};
}

tl::unexpected<Error> unexpected_answer() {
    return fail(ErrorCode::InvalidInput, "the server answered something else than asked");
}

Result<std::string> ServerApi::call(std::string_view method, const std::string& target,
                                    std::string_view json, const http::Headers& further) {
    TRY(auto response, ask(method, target, json, further));
    return std::move(response.body);
}

Result<http::ClientResponse> ServerApi::ask(std::string_view method, const std::string& target,
                                            std::string_view json,
                                            const http::Headers& further) {
    http::Headers headers = headers_;
    for (const auto& [name, value] : further) headers.add(name, value);
    if (!json.empty()) headers.add("Content-Type", "application/json");
    TRY(auto response, client_.send({method, target, std::move(headers), json}));
    if (response.status < 300 || response.status == 304) return response;
    const bool is_gone = response.status == 404 || response.status == 410;
    const auto code = is_gone                  ? ErrorCode::NotFound
                      : response.status == 409 ? ErrorCode::Conflict
                      : response.status == 503 ? ErrorCode::Unavailable
                                               : ErrorCode::InvalidInput;
    return fail(code, "the server answered " + std::to_string(response.status) + ": " +
                          response.body.substr(0, 500));
}

Result<Announcement> Announcement::publish(const std::filesystem::path& library,
                                           auth::Credentials& credentials,
                                           RunningServer server) {
    TRY_VOID(revoke_leftovers(credentials));
    TRY(const auto issued, credentials.issue_and_wait({.kind = auth::Kind::Token,
                                                       .name = std::string(kTokenName),
                                                       .role = auth::Role::Admin,
                                                       .lifetime = std::chrono::hours(24 * 365),
                                                       .parent_id = {}}));
    Announcement announcement(file_in(library), credentials, issued.credential.id);
    const auto text = R"({"host":)" + to_json_string(reachable(server.host)) + R"(,"port":)" +
                      std::to_string(server.port) + R"(,"certificate_sha256":)" +
                      to_json_string(server.certificate_sha256) + R"(,"token":)" +
                      to_json_string(issued.secret) + "}\n";
    TRY_VOID(write_private(announcement.file_, text));
    return announcement;
}

Announcement::Announcement(Announcement&& other) noexcept
    : file_(std::move(other.file_)),
      credentials_(std::exchange(other.credentials_, nullptr)),
      token_id_(std::move(other.token_id_)) {}

Announcement::~Announcement() {
    if (credentials_ == nullptr) {
        return;
    }
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    // Where this fails the store is read-only or full; the next start tries again.
    (void)credentials_->revoke_and_wait(token_id_);
}

Result<RunningServer> find_running_server(const std::filesystem::path& library) {
    TRY(const auto text, read_file(file_in(library), 4096));
    const simdjson::padded_string padded(text);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    std::string_view host, certificate, token;
    std::uint64_t port = 0;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
        document["host"].get(host) != simdjson::SUCCESS ||
        document["port"].get(port) != simdjson::SUCCESS || port > 0xffff ||
        document["certificate_sha256"].get(certificate) != simdjson::SUCCESS ||
        document["token"].get(token) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput,
                    file_in(library).string() + " is not what a server writes");
    }
    return RunningServer{.host = std::string(host),
                         .port = static_cast<std::uint16_t>(port),
                         .certificate_sha256 = std::string(certificate),
                         .token = std::string(token)};
}

Result<RunningServer> server_instead_of(const Error& refusal,
                                        const std::filesystem::path& library) {
    if (refusal.code != ErrorCode::Conflict) {
        return tl::unexpected(refusal);
    }
    // A server that was killed leaves its file: then it is somebody else who has the library.
    auto server = find_running_server(library);
    if (!server) {
        return tl::unexpected(refusal);
    }
    auto client = server->client(kProbeTimeout);
    const auto answer = client.get("/v1/session", server->headers());
    if (!answer || answer->status != 200) {
        return tl::unexpected(refusal);
    }
    return server;
}

}  // namespace larmor
