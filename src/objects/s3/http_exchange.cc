#include "objects/s3/http_exchange.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace larmor::objects::s3 {
namespace {

/// Once a process, before the first handle.
bool start_curl() {
    static const bool kStarted = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return kStarted;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

/// One exchange while it runs; curl's callbacks get a pointer to it.
struct Running {
    const HttpRequest* request = nullptr;
    const AnswerSink* sink = nullptr;
    const async::CancelToken* cancel = nullptr;
    CURL* curl = nullptr;
    HttpAnswer answer;
    std::size_t sent = 0;
    std::optional<Error> error;
    curl_off_t moved = 0;  ///< bytes, both ways
    std::chrono::steady_clock::time_point moved_at = std::chrono::steady_clock::now();
    bool fell_silent = false;

    std::size_t stop(Error why) {
        if (!error) error = std::move(why);
        return CURL_WRITEFUNC_ERROR;
    }
};

std::size_t on_header(char* text, std::size_t size, std::size_t count, void* to) {
    auto& running = *static_cast<Running*>(to);
    std::string_view line(text, size * count);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) running.answer.headers.clear();  // after a 100 Continue
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
        auto value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        running.answer.headers.push_back(
            {lower_case(line.substr(0, colon)), std::string(value)});
    }
    return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* to) {
    auto& running = *static_cast<Running*>(to);
    const std::string_view piece(data, size * count);
    HttpAnswer& answer = running.answer;
    long status = 0;
    curl_easy_getinfo(running.curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    answer.body_bytes += piece.size();
    if (*running.sink && status / 100 == 2) {
        auto taken = (*running.sink)(answer, as_bytes(piece));
        running.moved_at = std::chrono::steady_clock::now();
        return taken ? piece.size() : running.stop(std::move(taken).error());
    }
    if (piece.size() > running.request->answer_max_bytes - answer.body.size()) {
        return running.stop({ErrorCode::LimitExceeded,
                             "an answer of more than " +
                                 std::to_string(running.request->answer_max_bytes) + " bytes"});
    }
    answer.body += piece;
    return piece.size();
}

std::size_t on_send(char* to, std::size_t size, std::size_t count, void* from) {
    auto& running = *static_cast<Running*>(from);
    const Bytes left = running.request->body.subspan(running.sent);
    const auto piece = left.first(std::min(left.size(), size * count));
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    running.sent += piece.size();
    return piece.size();
}

/// Where a kept connection turns out to be closed, curl sends again on a new one.
int on_rewind(void* from, curl_off_t offset, int origin) {
    auto& running = *static_cast<Running*>(from);
    if (origin != SEEK_SET || offset < 0 ||
        static_cast<std::uint64_t>(offset) > running.request->body.size()) {
        return CURL_SEEKFUNC_FAIL;
    }
    running.sent = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
}

/// Comes often, and about once a second where nothing happens. Curl has a limit of its own, but
/// it counts the time in which we took nothing, and is seconds late.
int on_progress(void* to, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
    auto& running = *static_cast<Running*>(to);
    const auto now = std::chrono::steady_clock::now();
    if (std::exchange(running.moved, received + sent) != received + sent) {
        running.moved_at = now;
    }
    running.fell_silent = now - running.moved_at > running.request->silence_max;
    return running.fell_silent || running.cancel->cancelled() ? 1 : 0;
}

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

HeaderList header_list(const HttpRequest& request) {
    curl_slist* list = nullptr;
    const auto add = [&](const std::string& line) {
        curl_slist* const longer = curl_slist_append(list, line.c_str());
        LARMOR_CHECK(longer != nullptr);
        list = longer;
    };
    // What curl would add by itself: a wait before each body, and a type for forms.
    add("Expect:");
    add("Accept:");
    add("Content-Type:");
    for (const auto& [name, value] : request.headers) {
        std::string line = name;
        line.append(value.empty() ? ";" : ": ").append(value);
        add(line);
    }
    return HeaderList(list);
}

void set_method(CURL* curl, Running& running) {
    const HttpRequest& request = *running.request;
    const auto size = static_cast<curl_off_t>(request.body.size());
    if (request.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (request.method == "PUT") {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, size);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, &on_send);
        curl_easy_setopt(curl, CURLOPT_READDATA, &running);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, &on_rewind);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, &running);
    } else if (request.method == "POST") {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         size == 0 ? "" : as_text(request.body).data());
    } else if (request.method != "GET") {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

/// What trying again can't change.
bool is_final(CURLcode code) {
    constexpr std::array kFinal = {
        CURLE_URL_MALFORMAT,      CURLE_UNSUPPORTED_PROTOCOL, CURLE_PEER_FAILED_VERIFICATION,
        CURLE_SSL_CACERT_BADFILE, CURLE_ABORTED_BY_CALLBACK,  CURLE_WRITE_ERROR,
        CURLE_OUT_OF_MEMORY,      CURLE_NOT_BUILT_IN};
    return std::ranges::find(kFinal, code) != kFinal.end();
}

}  // namespace

struct Connections::Handle {
    CURL* curl = curl_easy_init();
    std::array<char, CURL_ERROR_SIZE> words{};
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { curl_easy_cleanup(curl); }
};

/// A handle that goes back when this ends.
class Connections::Lease {
public:
    Lease(Connections& connections, std::unique_ptr<Handle> handle)
        : connections_(connections), handle_(std::move(handle)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { connections_.give_back(std::move(handle_)); }
    Handle& operator*() const { return *handle_; }

private:
    Connections& connections_;
    std::unique_ptr<Handle> handle_;
};

std::string_view HttpAnswer::header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &sigv4::Header::name);
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Connections::Connections(ConnectionOptions options) : options_(std::move(options)) {
    LARMOR_CHECK(start_curl());
}
Connections::~Connections() = default;

Result<std::unique_ptr<Connections::Handle>> Connections::take() {
    // Nothing rings when a token is cancelled, so it is looked at from time to time.
    constexpr std::chrono::milliseconds kLook{100};
    std::unique_lock lock(mutex_);
    while (busy_ >= options_.count_max) {
        TRY_VOID(options_.cancel.check("waiting for a connection"));
        given_back_.wait_for(lock, kLook);
    }
    TRY_VOID(options_.cancel.check("a request"));
    std::unique_ptr<Handle> handle;
    if (idle_.empty()) {
        handle = std::make_unique<Handle>();
        if (handle->curl == nullptr) return fail(ErrorCode::Unavailable, "curl: no memory");
    } else {
        handle = std::move(idle_.back());  // the one whose connection is the youngest
        idle_.pop_back();
    }
    ++busy_;
    return handle;
}

void Connections::give_back(std::unique_ptr<Handle> handle) {
    {
        const std::lock_guard lock(mutex_);
        --busy_;
        idle_.push_back(std::move(handle));
    }
    given_back_.notify_one();
}

tl::expected<HttpAnswer, Failure> Connections::exchange(const HttpRequest& request,
                                                        const AnswerSink& sink) {
    auto handle = take();
    if (!handle) return tl::unexpected(Failure{std::move(handle).error()});
    const Lease lease(*this, *std::move(handle));
    CURL* const curl = (*lease).curl;
    auto& words = (*lease).words;
    words[0] = '\0';

    curl_easy_reset(curl);  // keeps the connections
    Running running;
    running.request = &request;
    running.sink = &sink;
    running.cancel = &options_.cancel;
    running.curl = curl;
    const HeaderList headers = header_list(request);
    const std::string authorities = options_.authorities.string();
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // `..` may be a part of a key
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!authorities.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, authorities.c_str());
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &running);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &running);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &running);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    set_method(curl, running);

    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        Failure failure;
        failure.again = !is_final(code) && !running.error;
        if (running.error) {
            failure.error = *std::move(running.error);
        } else if (running.fell_silent) {
            failure.error = {
                ErrorCode::Unavailable,
                "no byte for " + std::to_string(request.silence_max.count()) + " ms"};
            failure.again = true;
        } else if (options_.cancel.cancelled()) {
            failure.error = {ErrorCode::Cancelled, "cancelled"};
            failure.again = false;
        } else {
            failure.error = {ErrorCode::Unavailable,
                             words[0] != '\0' ? words.data() : curl_easy_strerror(code)};
        }
        return tl::unexpected(std::move(failure));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    running.answer.status = static_cast<int>(status);
    return std::move(running.answer);
}

}  // namespace larmor::objects::s3
