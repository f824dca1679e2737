#pragma once
#include <optional>
#include <string>
#include <vector>

#include "http/request_body.h"
#include "http/request_head.h"
#include "http/server_state.h"
#include "http/stream.h"

namespace larmor::http {

/// One connection from its first byte to its last. Internal to http; lives on its loop's
/// thread.
class Connection {
public:
    struct Peer {
        std::string address;
        bool is_loopback = false;
    };
    Connection(ServerState& state, Loop& loop, RequestMetrics& metrics, UniqueFd socket,
               Peer peer);

    /// Serves requests until the connection ends.
    Task<void> serve();

    /// The server stops: ends now if no request is under way, else after it.
    void close_when_idle();
    /// Ends all waits: the server has no more patience.
    void cut() {
        wait_stop_.cancel();
        stream_.watch().cancel();
    }

private:
    enum class Then : bool { Close, Continue };

    Task<std::optional<RequestHead>> read_head();
    Task<Then> serve_request(RequestHead head);
    Task<Response> answer(Request request, RequestBody& body, BodyMemory& memory,
                          BodyMode mode);
    Task<bool> send(Response& response, const RequestHead& head, std::string_view request_id,
                    Then then);
    Task<bool> send_parts(const std::vector<Part>& parts, std::vector<iovec>& pieces);
    Task<std::optional<std::string>> send_generated(Response& response,
                                                    std::vector<iovec>& pieces, bool chunked);
    Task<void> refuse(const HeadRefused& refused);
    void write_head(const Response& response, const RequestHead& head,
                    std::string_view request_id, Then then);
    std::string make_request_id(const Headers& headers);

    ServerState& state_;
    RequestMetrics& metrics_;
    Stream stream_;
    Peer peer_;
    bool idle_ = false;     ///< waits for the first byte of a request
    bool closing_ = false;  ///< no further request
    /// Of Request::wait_stop, of all requests: what sets it ends the connection.
    async::CancelSource wait_stop_;
    std::string head_text_;  ///< of the response being sent; kept for its capacity
};

}  // namespace larmor::http
