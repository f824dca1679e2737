#include "http/connection.h"

#include <algorithm>
#include <charconv>
#include <typeinfo>

#include "http/router.h"
#include "observe/log.h"

namespace larmor::http {
namespace {

/// Up to here the bytes of files are copied: one call for a whole answer costs less than
/// sendfile between two others, and the client is woken once.
constexpr std::uint64_t kCopiedBytesMax = 64 * 1024;

// Room for a head that is refused for its size, and for what came with it.
constexpr std::size_t kHeadBufferSlack = 16 * 1024;

/// Counts a request as active while it lives.
class ActiveRequest {
public:
    explicit ActiveRequest(ServerState& state)
        : state_(state), before_(state.requests_active.fetch_add(1)) {
        state_.active_gauge.add();
    }
    ~ActiveRequest() {
        state_.requests_active.fetch_sub(1);
        state_.active_gauge.sub();
    }
    ActiveRequest(const ActiveRequest&) = delete;
    ActiveRequest& operator=(const ActiveRequest&) = delete;
    bool is_too_many() const { return before_ >= state_.options.requests_active_max; }

private:
    ServerState& state_;
    std::size_t before_;
};

bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

/// Fields that the server itself writes.
bool is_ours(std::string_view name) {
    return equal_ignoring_case(name, "Content-Length") ||
           equal_ignoring_case(name, "Transfer-Encoding") ||
           equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Date") ||
           equal_ignoring_case(name, "X-Request-Id");
}

/// A line end in a value would begin another field or response.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    out.append(name).append(": ").append(value);
    if (std::any_of(value.begin(), value.end(), is_control)) {
        std::replace_if(out.end() - static_cast<std::ptrdiff_t>(value.size()), out.end(),
                        is_control, ' ');
    }
    out += "\r\n";
}

Response overloaded(std::string_view why) {
    auto response = problem(503, why);
    response.headers.add("Retry-After", "1");
    return response;
}
/// In the form that clients of the route know.
Response overloaded(const Service& service, const Request& request, std::string_view why) {
    auto answer = service.overloaded(request, why);
    return answer ? *std::move(answer) : overloaded(why);
}

Response body_failure(const Error& error) {
    return error.code == ErrorCode::Cancelled ? overloaded(error.message)
                                              : problem(408, error.message);
}

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
           });
}

void append_piece(std::vector<iovec>& pieces, std::string_view text) {
    if (!text.empty()) pieces.push_back({const_cast<char*>(text.data()), text.size()});
}

/// The bytes of a part that is in memory; nothing for a file.
std::optional<std::string_view> memory_of(const Part& part) {
    if (const auto* text = std::get_if<std::string>(&part)) return *text;
    if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&part))
        return **text;
    if (const auto* shared = std::get_if<SharedBytes>(&part)) return as_text(shared->bytes);
    return std::nullopt;
}

std::uint64_t file_bytes(const std::vector<Part>& parts) {
    std::uint64_t bytes = 0;
    for (const auto& part : parts) {
        if (const auto* slice = std::get_if<FileSlice>(&part)) bytes += slice->count;
    }
    return bytes;
}

/// Appends the parts; `memory` is as large as all their files. False when a file is shorter
/// than was promised or can't be read: the client must not take that for whole.
bool append_all(const std::vector<Part>& parts, std::span<std::byte> memory,
                std::vector<iovec>& pieces) {
    for (const auto& part : parts) {
        if (const auto text = memory_of(part)) {
            append_piece(pieces, *text);
            continue;
        }
        const auto& slice = std::get<FileSlice>(part);
        const auto bytes = memory.first(slice.count);
        if (!read_at(*slice.file, slice.offset, bytes)) return false;
        append_piece(pieces, as_text(bytes));
        memory = memory.subspan(slice.count);
    }
    return true;
}

}  // namespace

Connection::Connection(ServerState& state, Loop& loop, RequestMetrics& metrics, UniqueFd socket,
                       Peer peer)
    : state_(state),
      metrics_(metrics),
      stream_(loop, std::move(socket), state.tls.get(), state.options.timeouts),
      peer_(std::move(peer)) {
    stream_.watch().on_hang_up([this] { wait_stop_.cancel(); });
}

void Connection::close_when_idle() {
    closing_ = true;
    wait_stop_.cancel();
    if (idle_) stream_.watch().cancel();
}

Task<void> Connection::serve() {
    if (state_.tls) {
        const auto handshake = co_await stream_.handshake();
        if (handshake == Stream::Handshake::PlainHttp) {
            const HeadRefused plain{400, "this port speaks TLS: ask with https"};
            co_await refuse(plain);
        }
        if (handshake != Stream::Handshake::Done) co_return;
    }
    while (true) {
        auto head = co_await read_head();
        if (!head) co_return;
        auto request = serve_request(*std::move(head));
        const auto then = co_await std::move(request);
        if (then == Then::Close) co_return;
        // A client that sends requests without waiting for answers must not keep the loop.
        if (!stream_.buffered().empty()) co_await async::yield();
    }
}

Task<std::optional<RequestHead>> Connection::read_head() {
    const auto& options = state_.options;
    std::size_t searched = 0;
    bool begun = !stream_.buffered().empty();
    auto deadline =
        stream_.loop().now() + (begun ? options.timeouts.head : options.timeouts.idle);
    while (true) {
        if (begun) {
            auto outcome = parse_request_head(stream_.buffered(), options.limits, searched);
            if (auto* complete = std::get_if<HeadComplete>(&outcome)) {
                stream_.consume(complete->size_bytes);
                co_return std::move(complete->head);
            }
            if (const auto* refused = std::get_if<HeadRefused>(&outcome)) {
                co_await refuse(*refused);
                co_return std::nullopt;
            }
        } else if (closing_) {
            co_return std::nullopt;
        }
        idle_ = !begun;
        const auto read =
            co_await stream_.fill(options.limits.head_bytes_max + kHeadBufferSlack, deadline);
        idle_ = false;
        if (read == Stream::Read::TimedOut && begun) {
            const HeadRefused late{408, "the head of the request took too long"};
            co_await refuse(late);
        }
        if (read != Stream::Read::Bytes) co_return std::nullopt;
        if (!begun) deadline = stream_.loop().now() + options.timeouts.head;
        begun = true;
    }
}

Task<void> Connection::refuse(const HeadRefused& refused) {
    state_.refused_heads.add();
    metrics_.count(nullptr, Method::Get, refused.status, 0);
    auto response = problem(refused.status, refused.detail);
    const RequestHead head;
    const auto id = make_request_id(head.headers);
    stream_.begin_pace();
    const bool sent = co_await send(response, head, id, Then::Close);
    if (sent) co_await stream_.linger();
}

std::string Connection::make_request_id(const Headers& headers) {
    // A proxy's id is kept, so that its log and ours can be read together.
    if (const auto given = headers.find("X-Request-Id"); given && is_request_id(*given)) {
        return std::string(*given);
    }
    return state_.id_prefix +
           std::to_string(state_.requests_made.fetch_add(1, std::memory_order_relaxed));
}

Task<Connection::Then> Connection::serve_request(RequestHead head) {
    const auto began = std::chrono::steady_clock::now();
    const auto in_before = stream_.bytes_in();
    const auto out_before = stream_.bytes_out();
    const ActiveRequest active(state_);
    const auto& options = state_.options;

    Request request;
    request.id = make_request_id(head.headers);
    request.method = head.method;
    request.target = std::move(head.target);
    request.path = std::move(head.path);
    request.query = std::move(head.query);
    request.headers = std::move(head.headers);
    request.peer = peer_.address;
    request.peer_is_loopback = peer_.is_loopback;
    request.tls = state_.tls != nullptr;
    request.stop = state_.stop.token();
    request.wait_stop = wait_stop_.token();
    const auto id = request.id;

    auto decision = state_.service->on_head(request);
    const auto* route = request.route;
    const auto body_max = decision.body_max.value_or(options.limits.body_max);
    RequestBody body(stream_, head, body_max);
    BodyMemory memory(state_);
    Response response;
    if (active.is_too_many()) {
        state_.refused_overload.add();
        response = overloaded(*state_.service, request, "too many requests are being served");
    } else if (decision.answer) {
        response = *std::move(decision.answer);
    } else if (body.length().value_or(0) > body_max) {
        response =
            problem(413, "the body is larger than " + std::to_string(body_max) + " bytes");
    } else {
        auto answered = answer(std::move(request), body, memory, decision.body_mode);
        response = co_await std::move(answered);
    }

    auto then = head.keep_alive && !closing_ && (body.is_cheap_to_drop() || response.generator)
                    ? Then::Continue
                    : Then::Close;
    if (head.http_1_0 && !response.length()) then = Then::Close;
    stream_.begin_pace();
    const bool sent = co_await send(response, head, id, then);
    if (sent && then == Then::Continue && !body.finished()) {
        bool dropped = body.is_cheap_to_drop();
        if (dropped) dropped = co_await body.drop();
        if (!dropped) then = Then::Close;
    }

    const auto seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    metrics_.count(route, head.method, response.status, seconds);
    state_.bytes_in.add(stream_.bytes_in() - in_before);
    state_.bytes_out.add(stream_.bytes_out() - out_before);
    if (options.log_requests) {
        const std::string_view route_name = route ? std::string_view(route->name) : "none";
        observe::log_info("request", {{"request_id", id},
                                      {"route", route_name},
                                      {"method", name_of(head.method)},
                                      {"status", response.status},
                                      {"sent_bytes", stream_.bytes_out() - out_before},
                                      {"duration_s", seconds},
                                      {"whole", sent}});
    }
    if (!sent) co_return Then::Close;
    if (then == Then::Close) co_await stream_.linger();
    co_return then;
}

Task<Response> Connection::answer(Request request, RequestBody& body, BodyMemory& memory,
                                  BodyMode mode) {
    const auto length = body.length();
    if (mode == BodyMode::Stream || !length ||
        *length > state_.options.limits.body_in_memory_max) {
        request.body_stream = &body;
    } else if (*length > 0) {
        if (!memory.take(*length)) {
            state_.refused_overload.add();
            co_return overloaded(*state_.service, request,
                                 "too many bodies are being received");
        }
        const auto received = co_await body.read_all(request.body);
        if (!received) co_return body_failure(received.error());
    }
    const auto id = request.id;
    std::string thrown;
    try {
        auto handled = state_.service->handle(std::move(request));
        co_return co_await std::move(handled);
    } catch (const std::exception& exception) {
        // Its type only: its text may quote what was being read.
        thrown = typeid(exception).name();
    } catch (...) {
        thrown = "unknown";
    }
    observe::log_error("exception in a handler", {{"request_id", id}, {"type", thrown}});
    co_return problem(500, "an unexpected error; the log has this request's id");
}

void Connection::write_head(const Response& response, const RequestHead& head,
                            std::string_view request_id, Then then) {
    auto& out = head_text_;
    out = "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reason_of(response.status);
    out += "\r\nDate: ";
    out += stream_.loop().http_date();
    out += "\r\n";
    const auto length = response.length();
    // For HEAD a handler may know the length without having the body.
    const bool told = head.method == Method::Head && length == 0;
    for (const auto& header : response.headers) {
        if (!is_ours(header.name) ||
            (told && equal_ignoring_case(header.name, "Content-Length"))) {
            append_field(out, header.name, header.value);
        }
    }
    append_field(out, "X-Request-Id", request_id);
    if (!has_no_body(response.status)) {
        if (!length) {
            if (!head.http_1_0) out += "Transfer-Encoding: chunked\r\n";
        } else if (!told || !response.headers.has("Content-Length")) {
            out += "Content-Length: ";
            out += std::to_string(*length);
            out += "\r\n";
        }
    }
    if (then == Then::Close) {
        out += "Connection: close\r\n";
    } else if (head.http_1_0) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
}

Task<bool> Connection::send(Response& response, const RequestHead& head,
                            std::string_view request_id, Then then) {
    write_head(response, head, request_id, then);
    std::vector<iovec> pieces;
    append_piece(pieces, head_text_);
    if (head.method == Method::Head || has_no_body(response.status)) {
        co_return co_await stream_.send(pieces, More::No);
    }
    if (!response.generator) co_return co_await send_parts(response.parts, pieces);
    const bool chunked = !response.length() && !head.http_1_0;
    auto whole = send_generated(response, pieces, chunked);
    const auto failed = co_await std::move(whole);
    if (!failed) co_return true;
    observe::log_warning("response cut", {{"request_id", request_id}, {"reason", *failed}});
    co_return false;
}

/// Sends what `pieces` holds and then the parts.
Task<bool> Connection::send_parts(const std::vector<Part>& parts, std::vector<iovec>& pieces) {
    if (const auto copied = file_bytes(parts); copied > 0 && copied <= kCopiedBytesMax) {
        const auto memory = std::make_unique_for_overwrite<std::byte[]>(copied);
        if (!append_all(parts, std::span(memory.get(), copied), pieces)) co_return false;
        co_return co_await stream_.send(pieces, More::No);
    }
    for (const auto& part : parts) {
        if (const auto memory = memory_of(part)) {
            append_piece(pieces, *memory);
            continue;
        }
        const bool before = co_await stream_.send(pieces, More::Yes);
        if (!before) co_return false;
        const bool sent = co_await stream_.send_file(std::get<FileSlice>(part));
        if (!sent) co_return false;
    }
    co_return co_await stream_.send(pieces, More::No);
}

/// Gives why the body could not be sent whole, nothing when it was.
Task<std::optional<std::string>> Connection::send_generated(Response& response,
                                                            std::vector<iovec>& pieces,
                                                            bool chunked) {
    const std::string gone = "the client went away or is too slow";
    auto left = response.generated_length;
    std::vector<Part> batch = std::move(response.parts);
    bool more = true;
    for (bool first = true; more; first = false) {
        if (!first || batch.empty()) {
            Result<std::optional<Part>> next;
            try {
                next = co_await response.generator();
            } catch (const std::exception& exception) {
                next = fail(ErrorCode::Corrupt, typeid(exception).name());
            }
            if (!next) co_return std::string(name_of(next.error().code));
            batch.clear();
            more = next->has_value();
            if (more) {
                const auto size = size_of(**next);
                if (left && size > *left) co_return "the generator gave more than it promised";
                if (left) *left -= size;
                batch.push_back(**std::move(next));
            }
        }
        if (!more && left.value_or(0) > 0) co_return "the generator gave less than it promised";

        std::uint64_t size = 0;
        for (const auto& part : batch) size += size_of(part);
        std::string line;  // a chunk of size 0 would end the body
        if (chunked && size > 0) {
            char digits[16];
            const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
            line.assign(digits, end);
            line += "\r\n";
            append_piece(pieces, line);
            batch.emplace_back(std::string("\r\n"));
        } else if (chunked && !more) {
            batch.emplace_back(std::string("0\r\n\r\n"));
        }
        const bool sent = co_await send_parts(batch, pieces);
        if (!sent) co_return gone;
        if (stream_.watch().cancelled()) co_return gone;
        batch.clear();
    }
    co_return std::nullopt;
}

}  // namespace larmor::http
