#include "index/mysql/mysql_target.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "index/mysql/compare.h"
#include "index/mysql/import_job_rows.h"
#include "index/mysql/quote.h"
#include "index/mysql/repair.h"
#include "index/mysql/tables.h"
#include "index/mysql/write_documents.h"

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
    std::size_t generation = 0;
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
        return has_applied_since(datastore_id, image_set_id, version, {});
    }
    Result<bool> has_applied_since(std::string_view datastore_id, std::string_view image_set_id,
                                   std::int64_t version, events::Position position) override {
        return with_session([&](Session& session) -> Result<bool> {
            TRY(const auto applied,
                session.connection->number(
                    "SELECT version FROM larmor_applied WHERE datastoreid = " +
                    in_quotes(datastore_id) + " AND imagesetid = " + in_quotes(image_set_id) +
                    " AND (epoch, sequence) >= (" + std::to_string(position.epoch) + ", " +
                    std::to_string(position.sequence) + ")"));
            return applied && *applied >= version;
        });
    }

    BatchLimits batch_limits() const override { return options_.batch; }

    Result<Applied> apply(const ImageSetDocument& document) override {
        return std::move(apply_batch(std::span(&document, 1)).front());
    }

    std::vector<Result<Applied>> apply_batch(
        std::span<const ImageSetDocument> documents) override {
        std::vector<Result<Applied>> outcomes(documents.size(), Applied::Older);
        const auto done = with_session([&](Session& session) -> Result<void> {
            TRY(const Wanted wanted, columns_for(session, documents));
            Places places;
            for (std::size_t i = 0; i < documents.size(); ++i) {
                if (documents[i].wanted == wanted) {
                    places.push_back(i);
                } else {
                    outcomes[i] = of_other_columns();
                }
            }
            const Batch batch{
                .documents = documents, .outcomes = outcomes, .until = end_of_tries()};
            write(session, batch, places);
            return {};
        });
        if (!done) {
            for (auto& outcome : outcomes) outcome = tl::unexpected(done.error());
        }
        return outcomes;
    }

    bool keeps_import_jobs() const override { return true; }
    Result<void> apply_import_job(const ImportJob& job) override {
        return with_session([&](Session& session) -> Result<void> {
            return put_import_jobs(*session.connection, std::span(&job, 1));
        });
    }

    Result<std::vector<std::string>> list_studies(std::string_view after,
                                                  std::size_t limit) override {
        using Uids = std::vector<std::string>;
        return with_session([&](Session& session) -> Result<Uids> {
            TRY(const auto rows,
                session.connection->rows(
                    "SELECT studyinstanceuid FROM study WHERE studyinstanceuid > " +
                    in_quotes(after) + " ORDER BY studyinstanceuid LIMIT " +
                    std::to_string(limit)));
            Uids uids;
            for (const auto& row : rows) uids.push_back(row[0].value());
            return uids;
        });
    }

    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies) override {
        return with_session([&](Session& session) -> Result<std::vector<Drift>> {
            TRY_VOID(agree(session, studies));
            return mysql::compare(*session.connection, session.tables, studies);
        });
    }

    Result<Applied> repair(const StudyDocuments& study) override {
        return with_session([&](Session& session) -> Result<Applied> {
            TRY_VOID(agree(session, std::span(&study, 1)));
            return in_transaction(session, end_of_tries(), [&](Connection& connection) {
                return mysql::repair(connection, session.tables, study);
            });
        });
    }

private:
    using Places = std::vector<std::size_t>;

    /// The others have nothing to do with it.
    static bool is_of_a_document(const Error& error) {
        return error.code != ErrorCode::Unavailable && error.code != ErrorCode::NoSpace &&
               error.code != ErrorCode::Denied;
    }

    using Until = std::chrono::steady_clock::time_point;
    /// For what begins now: who waits for locks of others again and again ends then.
    Until end_of_tries() const { return std::chrono::steady_clock::now() + options_.try_max; }
    static bool is_over(Until until) { return std::chrono::steady_clock::now() >= until; }

    /// What is written together, and what becomes of it.
    struct Batch {
        std::span<const ImageSetDocument> documents;
        std::vector<Result<Applied>>& outcomes;
        Until until;
    };

    /// The documents at these places, in one transaction; where that fails for one of them, in
    /// smaller ones, so that what is wrong with it takes no other along.
    static void write(Session& session, const Batch& batch,
                      std::span<const std::size_t> places) {
        if (places.empty()) return;
        std::vector<const ImageSetDocument*> together;
        for (const auto place : places) together.push_back(&batch.documents[place]);
        auto written = in_transaction(session, batch.until, [&](Connection& connection) {
            return write_documents(connection, session.tables, together);
        });
        if (written) {
            for (std::size_t i = 0; i < places.size(); ++i) {
                batch.outcomes[places[i]] = (*written)[i];
            }
            return;
        }
        if (places.size() == 1 || !is_of_a_document(written.error())) {
            refuse(batch, places, written.error());
            return;
        }
        const std::size_t half = places.size() / 2;
        for (const auto part : {places.first(half), places.subspan(half)}) {
            if (is_over(batch.until)) {
                refuse(batch, part,
                       {ErrorCode::Conflict, "others were in the way of its batch for long"});
            } else {
                write(session, batch, part);
            }
        }
    }
    static void refuse(const Batch& batch, std::span<const std::size_t> places,
                       const Error& error) {
        for (const auto place : places) batch.outcomes[place] = tl::unexpected(error);
    }

    static bool are_of(std::span<const ImageSetDocument> documents, const Wanted& wanted) {
        return std::ranges::all_of(documents, [&](const ImageSetDocument& document) {
            return document.wanted == wanted;
        });
    }
    static bool are_of(std::span<const StudyDocuments> studies, const Wanted& wanted) {
        return std::ranges::all_of(studies, [&](const StudyDocuments& study) {
            return are_of(study.image_sets, wanted);
        });
    }
    static tl::unexpected<Error> of_other_columns() {
        return fail(ErrorCode::Conflict, "a column came or went since the document was read");
    }

    /// The columns that there are, looked at again where one of the documents was read for
    /// others: once, before any of them is chosen, since all are written with the same.
    template <typename Documents>
    Result<Wanted> columns_for(Session& session, std::span<const Documents> documents) const {
        Wanted wanted = session.tables.wanted();
        if (are_of(documents, wanted)) return wanted;
        TRY_VOID(read(session));
        return session.tables.wanted();
    }
    /// Errors: Conflict where a document is of other columns than there are.
    Result<void> agree(Session& session, std::span<const StudyDocuments> studies) const {
        TRY(const Wanted wanted, columns_for(session, studies));
        return are_of(studies, wanted) ? Result<void>() : of_other_columns();
    }

    template <typename F>
    static std::invoke_result_t<F&, Connection&> in_transaction(Session& session, Until until,
                                                                F f) {
        for (int tries = 1;; ++tries) {
            auto done = in_one_transaction(session, f);
            const bool in_the_way = !done && done.error().code == ErrorCode::Conflict;
            if (!in_the_way || tries == kTriesMax || is_over(until)) return done;
        }
    }

    template <typename F>
    static std::invoke_result_t<F&, Connection&> in_one_transaction(Session& session, F& f) {
        Connection& connection = *session.connection;
        TRY_VOID(connection.run("START TRANSACTION"));
        auto done = f(connection);
        if (done) {
            TRY_VOID(connection.run("COMMIT"));
            return done;
        }
        if (!connection.is_lost()) TRY_VOID(connection.run("ROLLBACK"));
        return done;
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
        std::size_t generation = 0;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return taken_ < options_.connections_max; });
            ++taken_;
            generation = generation_;
            if (!free_.empty()) {
                session = std::move(free_.back());
                free_.pop_back();
            }
        }
        auto ready = make_ready(std::move(session));
        if (ready) (*ready)->generation = generation;
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

    /// Null: it could not be had. After one that is outdated all begin anew, and find out
    /// before anything is written whether the tables are there and may be written.
    void give_back(std::unique_ptr<Session> session) {
        std::vector<std::unique_ptr<Session>> ended;  // when nobody waits for it any more
        const std::lock_guard lock(mutex_);
        --taken_;
        changed_.notify_one();
        if (!session) return;
        if (session->connection->is_outdated() && session->generation == generation_) {
            ++generation_;
            tables_made_ = false;
            std::swap(ended, free_);
        }
        const bool is_good =
            !session->connection->is_lost() && session->generation == generation_;
        (is_good ? free_ : ended).push_back(std::move(session));
    }

    const MysqlTargetOptions options_;
    std::mutex tables_mutex_;
    std::atomic<bool> tables_made_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t taken_ = 0;
    std::size_t generation_ = 0;  ///< of sessions: those of earlier ones are of no use
    std::vector<std::unique_ptr<Session>> free_;
};

}  // namespace

std::unique_ptr<Target> make_mysql_target(MysqlTargetOptions options) {
    return std::make_unique<MysqlTarget>(std::move(options));
}

}  // namespace larmor::index::mysql
