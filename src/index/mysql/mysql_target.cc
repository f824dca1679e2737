#include "index/mysql/mysql_target.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "index/mysql/compare.h"
#include "index/mysql/repair.h"
#include "index/mysql/tables.h"
#include "index/mysql/write_document.h"

namespace larmor::index::mysql {
namespace {

/// Who is in the way of others again and again comes back later, by its message.
constexpr int kTriesMax = 5;
/// How soon a column that somebody adds is filled.
constexpr std::chrono::seconds kTablesMaxAge{60};

/// A connection and what its tables look like.
struct Session {
    std::unique_ptr<Connection> connection;
    Tables tables;
    std::chrono::steady_clock::time_point tables_read;
};

class MysqlTarget final : public Target {
public:
    explicit MysqlTarget(MysqlTargetOptions options) : options_(std::move(options)) {}

    Result<Wanted> wanted() override {
        return with_session(
            [](Session& session) -> Result<Wanted> { return session.tables.wanted(); });
    }

    Result<bool> has_applied(std::string_view datastore_id, std::string_view image_set_id,
                             std::int64_t version) override {
        return with_session([&](Session& session) -> Result<bool> {
            std::string sql = "SELECT version FROM larmor_applied WHERE datastoreid = ";
            session.connection->append_quoted(sql, datastore_id);
            sql += " AND imagesetid = ";
            session.connection->append_quoted(sql, image_set_id);
            TRY(const auto applied, session.connection->number(sql));
            return applied && *applied >= version;
        });
    }

    Result<Applied> apply(const ImageSetDocument& document) override {
        return with_session([&](Session& session) -> Result<Applied> {
            TRY_VOID(agree(session, document));
            return in_transaction(session, [&](Connection& connection) {
                return write_document(connection, session.tables, document);
            });
        });
    }

    Result<std::vector<std::string>> list_studies(std::string_view after,
                                                  std::size_t limit) override {
        using Uids = std::vector<std::string>;
        return with_session([&](Session& session) -> Result<Uids> {
            std::string sql = "SELECT studyinstanceuid FROM study WHERE studyinstanceuid > ";
            session.connection->append_quoted(sql, after);
            sql += " ORDER BY studyinstanceuid LIMIT " + std::to_string(limit);
            TRY(const auto rows, session.connection->rows(sql));
            Uids uids;
            for (const auto& row : rows) uids.push_back(row[0].value());
            return uids;
        });
    }

    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies) override {
        return with_session([&](Session& session) -> Result<std::vector<Drift>> {
            for (const auto& study : studies) TRY_VOID(agree(session, study));
            return mysql::compare(*session.connection, session.tables, studies);
        });
    }

    Result<Applied> repair(const StudyDocuments& study) override {
        return with_session([&](Session& session) -> Result<Applied> {
            TRY_VOID(agree(session, study));
            return in_transaction(session, [&](Connection& connection) {
                return mysql::repair(connection, session.tables, study);
            });
        });
    }

private:
    /// Errors: Conflict where the document is of other columns than there are.
    Result<void> agree(Session& session, const ImageSetDocument& document) const {
        if (session.tables.wanted() != document.wanted) {
            TRY_VOID(read(session));
        }
        if (session.tables.wanted() != document.wanted) {
            return fail(ErrorCode::Conflict,
                        "a column came or went since the document was read");
        }
        return {};
    }
    Result<void> agree(Session& session, const StudyDocuments& study) const {
        for (const auto& document : study.image_sets) TRY_VOID(agree(session, document));
        return {};
    }

    template <typename F>
    static Result<Applied> in_transaction(Session& session, F f) {
        for (int tries = 1;; ++tries) {
            auto applied = in_one_transaction(session, f);
            const bool in_the_way = !applied && applied.error().code == ErrorCode::Conflict;
            if (!in_the_way || tries == kTriesMax) return applied;
        }
    }

    template <typename F>
    static Result<Applied> in_one_transaction(Session& session, F& f) {
        Connection& connection = *session.connection;
        TRY_VOID(connection.run("START TRANSACTION"));
        auto applied = f(connection);
        if (applied) {
            TRY_VOID(connection.run("COMMIT"));
            return applied;
        }
        if (!connection.is_lost()) TRY_VOID(connection.run("ROLLBACK"));
        return applied;
    }

    template <typename F>
    auto with_session(F f) -> std::invoke_result_t<F&, Session&> {
        TRY(auto session, take());
        auto outcome = f(*session);
        give_back(std::move(session));
        return outcome;
    }

    Result<std::unique_ptr<Session>> take() {
        std::unique_ptr<Session> session;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return taken_ < options_.connections_max; });
            ++taken_;
            if (!free_.empty()) {
                session = std::move(free_.back());
                free_.pop_back();
            }
        }
        auto ready = make_ready(std::move(session));
        if (!ready) give_back(nullptr);
        return ready;
    }

    Result<std::unique_ptr<Session>> make_ready(std::unique_ptr<Session> session) {
        const auto now = std::chrono::steady_clock::now();
        if (session && now - session->tables_read < kTablesMaxAge) return session;
        if (!session) {
            session = std::make_unique<Session>();
            TRY(session->connection, Connection::open(options_.connection));
            TRY_VOID(make_tables_once(*session->connection));
        }
        TRY_VOID(read(*session));
        return session;
    }
    Result<void> read(Session& session) const {
        TRY(session.tables, read_tables(*session.connection, options_.levels));
        session.tables_read = std::chrono::steady_clock::now();
        return {};
    }

    /// Statements that change tables wait for all that use them.
    Result<void> make_tables_once(Connection& connection) {
        const std::lock_guard lock(tables_mutex_);
        if (tables_made_) return {};
        TRY_VOID(make_tables(connection));
        tables_made_ = true;
        return {};
    }

    /// Null: it could not be had.
    void give_back(std::unique_ptr<Session> session) {
        const std::lock_guard lock(mutex_);
        if (session && !session->connection->is_lost()) free_.push_back(std::move(session));
        --taken_;
        changed_.notify_one();
    }

    const MysqlTargetOptions options_;
    std::mutex tables_mutex_;
    bool tables_made_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t taken_ = 0;
    std::vector<std::unique_ptr<Session>> free_;
};

}  // namespace

std::unique_ptr<Target> make_mysql_target(MysqlTargetOptions options) {
    return std::make_unique<MysqlTarget>(std::move(options));
}

}  // namespace larmor::index::mysql
