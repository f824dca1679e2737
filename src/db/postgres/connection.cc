#include "db/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>

#include "db/postgres/postgres_statement.h"

namespace larmor::db::postgres {
namespace {

constexpr int kServerVersionMin = 140'000;
/// After a cancel the server answers at once, or the network is gone.
constexpr std::chrono::seconds kCancelWait{2};

std::string first_line(const char* message) {
    std::string line(message);
    line.resize(std::min(line.find('\n'), line.size()));
    return line;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Settings& settings) {
    const std::string wait = std::to_string(settings.connect_wait.count());
    // What stands in the URL, behind these, goes before them.
    const auto names = std::to_array<const char*>(
        {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
         "tcp_user_timeout", "application_name", "dbname", "client_encoding", nullptr});
    const auto values =
        std::to_array<const char*>({wait.c_str(), "10", "5", "3", "20000", "larmor",
                                    settings.url.c_str(), "UTF8", nullptr});
    PGconn* const handle = PQconnectdbParams(names.data(), values.data(), 1);
    if (handle == nullptr) return fail(ErrorCode::Unavailable, "PostgreSQL: out of memory");
    std::unique_ptr<Connection> connection(new Connection(handle));
    if (PQstatus(handle) != CONNECTION_OK) {
        return fail(ErrorCode::Unavailable,
                    "PostgreSQL: " + first_line(PQerrorMessage(handle)));
    }
    TRY_VOID(connection->set_up(settings));
    return connection;
}

Connection::Connection(PGconn* handle) : handle_(handle) {}

Connection::~Connection() {
    free_.clear();
    PQfinish(handle_);
}

Result<void> Connection::set_up(const Settings& settings) {
    const auto parameter = [this](const char* name) {
        const char* const value = PQparameterStatus(handle_, name);
        return std::string(value != nullptr ? value : "");
    };
    if (PQserverVersion(handle_) < kServerVersionMin) {
        return fail(ErrorCode::Unsupported, "PostgreSQL " + parameter("server_version") +
                                                " is too old: 14 or later is needed");
    }
    if (const auto encoding = parameter("server_encoding"); encoding != "UTF8") {
        return fail(ErrorCode::Unsupported, "the database has the encoding " + encoding +
                                                ": make one with the encoding UTF8");
    }
    PQsetNoticeProcessor(handle_, [](void* /*self*/, const char* /*message*/) {}, nullptr);
    if (PQsetnonblocking(handle_, 1) != 0 || PQenterPipelineMode(handle_) != 1) {
        return lose("can't be set up");
    }
    const auto limit = [](std::chrono::milliseconds ms) { return std::to_string(ms.count()); };
    deadline_ = std::chrono::steady_clock::now() + settings.connect_wait;
    // What is acknowledged is durable, whatever the server does for others. Compiling a
    // statement takes longer than any of ours.
    TRY_VOID(
        run_script("SET standard_conforming_strings = on; SET jit = off; SET TimeZone = 'UTC';"
                   " SET statement_timeout = " +
                   limit(settings.statement_limit) +
                   (settings.plan_once ? "; SET plan_cache_mode = force_generic_plan" : "") +
                   "; SET lock_timeout = " + limit(settings.lock_limit) +
                   "; SET idle_in_transaction_session_timeout = " + limit(settings.idle_limit) +
                   "; SELECT set_config('synchronous_commit', 'on', false)"
                   " WHERE current_setting('synchronous_commit') = 'off'"));
    deadline_ = std::chrono::steady_clock::time_point::max();
    return {};
}

std::shared_ptr<PreparedText> Connection::text_of(std::string_view sql) {
    if (const auto cached = cache_.find(sql); cached != cache_.end()) return cached->second;
    auto text = std::make_shared<PreparedText>();
    text->sql = to_server_text(sql);
    if (cache_.size() < kCachedMax) {
        text->name = next_name();
        cache_.emplace(sql, text);
    }
    return text;
}

std::shared_ptr<PreparedText> Connection::returning_id(
    const std::shared_ptr<PreparedText>& text) {
    if (text->returning_id == nullptr) {
        auto returning = std::make_shared<PreparedText>();
        returning->sql = {text->sql.text + " RETURNING id", text->sql.parameters};
        if (!text->name.empty()) returning->name = next_name();
        text->returning_id = std::move(returning);
    }
    return text->returning_id;
}

Query Connection::prepare(std::string_view sql) {
    std::unique_ptr<PostgresStatement> statement;
    if (free_.empty()) {
        statement = std::make_unique<PostgresStatement>(*this);
    } else {
        statement = std::move(free_.back());
        free_.pop_back();
    }
    statement->begin(text_of(sql));
    return Query(statement.release());  // it comes back by give_back
}

void Connection::give_back(std::unique_ptr<PostgresStatement> statement) {
    free_.push_back(std::move(statement));
}

Result<void> Connection::send(std::string_view sql) {
    return send_prepared(text_of(sql), {});
}

Result<void> Connection::send_prepared(const std::shared_ptr<PreparedText>& text,
                                       const ParameterValues& values) {
    if (lost_) return tl::unexpected(*lost_);
    if (sent_.size() >= kSentMax) TRY_VOID(await_sent());
    const bool is_named = !text->name.empty();
    if (!is_named || text->state == PreparedText::State::Unknown) {
        if (PQsendPrepare(handle_, text->name.c_str(), text->sql.text.c_str(), 0, nullptr) !=
            1) {
            return lose(PQerrorMessage(handle_));
        }
        text->state = PreparedText::State::Sent;
        sent_.push_back({Sent::Prepare, text});
    }
    if (PQsendQueryPrepared(handle_, text->name.c_str(), static_cast<int>(values.values.size()),
                            values.values.data(), values.sizes.data(), values.formats.data(),
                            1) != 1) {
        return lose(PQerrorMessage(handle_));
    }
    sent_.push_back({Sent::Run, nullptr});
    return {};
}

void Connection::sync() {
    if (lost_ || sent_.empty() || sent_.back().kind == Sent::Sync) return;
    if (PQpipelineSync(handle_) != 1) {
        lose(PQerrorMessage(handle_));
        return;
    }
    sent_.push_back({Sent::Sync, nullptr});
}

Result<void> Connection::await_sent() {
    if (sent_.empty()) return {};
    TRY_VOID(await_last());
    return {};
}

Result<ServerResult> Connection::await_last() {
    sync();
    if (lost_) return tl::unexpected(*lost_);
    std::optional<Error> first;
    ServerResult last;
    while (!sent_.empty()) {
        const SentPart part = std::move(sent_.front());
        sent_.pop_front();
        TRY(ServerResult result, next_result());
        const auto status = result ? PQresultStatus(result.get()) : PGRES_FATAL_ERROR;
        const bool succeeded = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
        if (part.text) {
            part.text->state =
                succeeded ? PreparedText::State::Ready : PreparedText::State::Unknown;
        }
        if (part.kind == Sent::Sync) {
            if (status != PGRES_PIPELINE_SYNC) return lose("the protocol is out of step");
            continue;
        }
        if (status == PGRES_FATAL_ERROR) {
            Error error = note(result.get());
            if (lost_) return tl::unexpected(*lost_);
            if (!first) first = std::move(error);
        }
        if (part.kind == Sent::Run) last = std::move(result);
        // The end of this part's answers.
        TRY_VOID(next_result());
    }
    if (first) return tl::unexpected(*std::move(first));
    return last;
}

Result<ServerResult> Connection::next_result() {
    TRY_VOID(wait_readable());
    return ServerResult(PQgetResult(handle_));
}

Error Connection::note(const PGresult* result) {
    if (result == nullptr) {
        lose("the protocol is out of step");
        return *lost_;
    }
    ++failed_count_;
    ServerError failed = server_error_of(result);
    if (failed.is_in_the_way()) in_the_way_ = true;
    if (failed.ends_connection()) {
        lose(PQresultErrorMessage(result));
        return *lost_;
    }
    if (failed.sqlstate == "57014") {  // cancelled, by us or by the server's limit
        failed.error.message = "SQL: the transaction was held longer than its limit";
    }
    return failed.error;
}

Result<void> Connection::wait_readable() {
    for (;;) {
        const int flushed = PQflush(handle_);
        if (flushed < 0) return lose(PQerrorMessage(handle_));
        if (PQisBusy(handle_) == 0) return {};
        const auto now = std::chrono::steady_clock::now();
        auto left = std::chrono::milliseconds::max();
        if (deadline_ != std::chrono::steady_clock::time_point::max()) {
            left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now);
        }
        if (left <= std::chrono::milliseconds(0)) {
            if (cancelled_) return lose("no answer");
            cancel();
            deadline_ = now + kCancelWait;
            continue;
        }
        pollfd waiting{.fd = PQsocket(handle_),
                       .events = static_cast<short>(POLLIN | (flushed == 1 ? POLLOUT : 0)),
                       .revents = 0};
        constexpr std::chrono::milliseconds kLongest{60'000};
        const int ready =
            ::poll(&waiting, 1, static_cast<int>(std::min(left, kLongest).count()));
        if (ready > 0 && (waiting.revents & ~POLLOUT) != 0 && PQconsumeInput(handle_) != 1) {
            return lose(PQerrorMessage(handle_));
        }
    }
}

void Connection::cancel() {
    cancelled_ = true;
    PGcancel* const request = PQgetCancel(handle_);
    if (request == nullptr) return;
    std::array<char, 256> ignored{};
    PQcancel(request, ignored.data(), static_cast<int>(ignored.size()));
    PQfreeCancel(request);
}

tl::unexpected<Error> Connection::lose(std::string_view why) {
    if (!lost_) {
        lost_ = Error{ErrorCode::Unavailable, "the connection to PostgreSQL was lost: " +
                                                  first_line(std::string(why).c_str())};
    }
    sent_.clear();
    return tl::unexpected(*lost_);
}

bool Connection::is_closed_by_server() {
    if (!await_sent() && lost_) return true;
    pollfd waiting{.fd = PQsocket(handle_), .events = POLLIN, .revents = 0};
    // A farewell, or the end of the stream behind it.
    if (::poll(&waiting, 1, 0) > 0) lose("the server has ended it");
    return lost_.has_value();
}

Result<Time> Connection::now() {
    Query query = prepare("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
    TRY_VOID(query.next());
    return Time(std::chrono::microseconds(query.int64(0)));
}

Result<void> Connection::run_script(const std::string& statements) {
    TRY_VOID(await_sent());
    if (lost_) return tl::unexpected(*lost_);
    // Several statements in one text have no place in a pipeline.
    if (PQexitPipelineMode(handle_) != 1 || PQsendQuery(handle_, statements.c_str()) != 1) {
        return lose(PQerrorMessage(handle_));
    }
    std::optional<Error> first;
    for (;;) {
        TRY(const ServerResult result, next_result());
        if (!result) break;
        if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !first) {
            first = note(result.get());
            if (lost_) return tl::unexpected(*lost_);
        }
    }
    if (PQenterPipelineMode(handle_) != 1) return lose(PQerrorMessage(handle_));
    if (first) return tl::unexpected(*std::move(first));
    return {};
}

}  // namespace larmor::db::postgres
