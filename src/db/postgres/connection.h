#pragma once
#include <libpq-fe.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "db/postgres/server_error.h"
#include "db/postgres/sql_text.h"
#include "db/statement.h"

namespace larmor::db::postgres {

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ServerResult = std::unique_ptr<PGresult, ResultDeleter>;

/// A text that the server has prepared, or will when it is sent first.
struct PreparedText {
    enum class State : std::uint8_t { Unknown, Sent, Ready };
    SqlText sql;
    std::string name;  ///< empty: prepared each time it is sent
    State state = State::Unknown;
    std::shared_ptr<PreparedText> returning_id;  ///< the same with RETURNING id
};

/// One parameter as the protocol wants it: text ends with a zero.
struct ParameterValues {
    std::vector<const char*> values;
    std::vector<int> sizes;
    std::vector<int> formats;  ///< 0 text, 1 binary
};

class PostgresStatement;

/// One connection in pipeline mode: what is sent waits for nothing, and the answers of all that
/// was sent come together when one of them is awaited. Used by one thread at a time. Once it is
/// lost it stays so.
class Connection {
public:
    struct Settings {
        std::string url;
        std::chrono::seconds connect_wait{5};
        /// On the server, where this process can no longer end what it began: of one statement,
        /// of a wait for a lock, of a transaction in which nothing happens. 0: none.
        std::chrono::milliseconds statement_limit{0};
        std::chrono::milliseconds lock_limit{0};
        std::chrono::milliseconds idle_limit{0};
        /// One plan for each text, whatever its values: for statements that go by key.
        bool plan_once = false;
    };
    /// Blocks. Errors: Unavailable; Unsupported for a database that is not UTF-8 or a server
    /// older than version 14.
    static Result<std::unique_ptr<Connection>> open(const Settings& settings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// No round trip: an error of the text comes with its first use.
    Query prepare(std::string_view sql);
    /// A statement without parameters whose answer nobody reads: sent, not awaited.
    Result<void> send(std::string_view sql);
    /// Awaits all that was sent. The first error of it is the result.
    Result<void> await_sent();
    /// Whether something was sent whose answer is not there yet.
    bool has_unanswered() const { return !sent_.empty(); }
    /// Hands what was sent to the network: the answers come while we do something else, and the
    /// next wait costs no round trip.
    void sync();
    /// The time of the server.
    Result<Time> now();
    /// Statements without parameters or rows, separated by semicolons.
    Result<void> run_script(const std::string& statements);

    /// Waiting for an answer ends here, with what runs cancelled and Unavailable.
    void set_deadline(std::chrono::steady_clock::time_point deadline) {
        deadline_ = deadline;
        cancelled_ = false;
    }
    bool is_past_deadline() const { return std::chrono::steady_clock::now() > deadline_; }

    bool is_lost() const { return lost_.has_value(); }
    /// Notices without a round trip that the server has ended an idle connection.
    bool is_closed_by_server();
    /// True after a statement failed because another transaction was in the way; until cleared.
    bool was_in_the_way() const { return in_the_way_; }
    void clear_in_the_way() { in_the_way_ = false; }
    /// How many statements failed up to now.
    std::uint64_t failed_count() const { return failed_count_; }
    /// True while a transaction is open that has not failed; as of what was awaited.
    bool is_in_good_transaction() const {
        return PQtransactionStatus(handle_) == PQTRANS_INTRANS;
    }
    bool is_in_transaction() const {
        const auto status = PQtransactionStatus(handle_);
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    }

    /// For the statements of this connection.
    Result<void> send_prepared(const std::shared_ptr<PreparedText>& text,
                               const ParameterValues& values);
    Result<ServerResult> await_last();
    /// The text of an INSERT, giving the id of its row.
    std::shared_ptr<PreparedText> returning_id(const std::shared_ptr<PreparedText>& text);
    void give_back(std::unique_ptr<PostgresStatement> statement);

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    enum class Sent : std::uint8_t { Prepare, Run, Sync };
    struct SentPart {
        Sent kind;
        std::shared_ptr<PreparedText> text;
    };

    explicit Connection(PGconn* handle);
    Result<void> set_up(const Settings& settings);
    /// Waits until the next answer can be read without waiting.
    Result<void> wait_readable();
    void cancel();
    tl::unexpected<Error> lose(std::string_view why);
    Error note(const PGresult* result);
    Result<ServerResult> next_result();
    std::shared_ptr<PreparedText> text_of(std::string_view sql);
    std::string next_name() { return "s" + std::to_string(++names_); }

    /// Enough for every literal text; those of searches that were put together come and go.
    static constexpr std::size_t kCachedMax = 512;
    /// A server that has no room for its answers stops reading.
    static constexpr std::size_t kSentMax = 512;

    PGconn* handle_;
    std::chrono::steady_clock::time_point deadline_ =
        std::chrono::steady_clock::time_point::max();
    bool cancelled_ = false;
    bool in_the_way_ = false;
    std::uint64_t failed_count_ = 0;
    std::optional<Error> lost_;
    std::deque<SentPart> sent_;
    std::uint64_t names_ = 0;
    std::unordered_map<std::string, std::shared_ptr<PreparedText>, TextHash, std::equal_to<>>
        cache_;
    std::vector<std::unique_ptr<PostgresStatement>> free_;
};

}  // namespace larmor::db::postgres
