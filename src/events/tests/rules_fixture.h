#pragma once
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "db/tests/temp_library.h"
#include "events/event_log.h"
#include "events/router.h"
#include "events/rules.h"

namespace larmor::events::testing {

using db::testing::must;

/// Keeps messages as rows of the same transaction, as a queue does.
class TableSink final : public MessageSink {
public:
    Result<void> send(db::Transaction& tx, const Target& target,
                      std::span<const RoutedMessage> messages) override {
        if (fails) return fail(ErrorCode::Unavailable, "the sink fails");
        for (const RoutedMessage& message : messages) {
            TRY_VOID(tx.run(
                "INSERT INTO sent (target, rule, sequence, envelope)"
                " VALUES (?1, ?2, ?3, ?4)",
                target.address, message.rule, message.position.sequence, message.envelope));
        }
        return {};
    }
    bool fails = false;
};

/// A library with a log, rules and a router.
class RulesTest : public ::testing::Test {
protected:
    template <typename F>
    auto try_write(F f) {
        return database_->write_and_wait(std::move(f));
    }
    template <typename F>
    auto write(F f) {
        return must(try_write(std::move(f)));
    }
    RulesTest() {
        database_ = must(db::sqlite::open_sqlite({.path = directory_.path() / "library.db"}));
        must(database_->migrate(std::array{migrations()}));
        write([](db::Transaction& tx) {
            return tx.run_script(
                "CREATE TABLE sent (id INTEGER PRIMARY KEY, target TEXT, rule"
                " TEXT, sequence INTEGER, envelope TEXT)");
        });
        log_ = must(EventLog::open(*database_, clock_));
        router_ = must(Router::open(*database_, sink_));
        router_->attach(*database_, *log_);
    }
    ~RulesTest() override { database_.reset(); }

    Result<Position> append(db::Transaction& tx, std::string_view detail_type,
                            std::string_view detail = "{}") {
        return log_->append(tx, {.detail_type = detail_type, .detail = detail, .resource = ""});
    }
    Position publish(std::string_view detail_type, std::string_view detail = "{}") {
        return write([&](db::Transaction& tx) { return append(tx, detail_type, detail); });
    }
    /// A rule for one detail type, to one queue.
    static RuleDraft to_queue(std::string name, std::string_view detail_type,
                              std::string queue) {
        return {.name = std::move(name),
                .pattern = R"({"detail-type": [")" + std::string(detail_type) + R"("]})",
                .targets = {{TargetKind::Queue, std::move(queue)}}};
    }
    Rule create(const RuleDraft& draft) {
        return write([&](db::Transaction& tx) { return rules_.create(tx, draft); });
    }
    /// `target:rule:sequence`, in the order of sending.
    std::vector<std::string> sent() {
        return must(
            database_->read([](db::Snapshot& snapshot) -> Result<std::vector<std::string>> {
                TRY(db::Query query,
                    snapshot.prepare("SELECT target, rule, sequence FROM sent ORDER BY id"));
                std::vector<std::string> lines;
                for (;;) {
                    TRY(const bool row, query.next());
                    if (!row) return lines;
                    lines.push_back(query.string(0) + ":" + query.string(1) + ":" +
                                    std::to_string(query.int64(2)));
                }
            }));
    }

    db::testing::TempDirectory directory_;
    ManualClock clock_{Time(std::chrono::seconds(1'767'311'999))};  // 2026-01-01T23:59:59Z
    TableSink sink_;
    Rules rules_{clock_};
    std::unique_ptr<EventLog> log_;
    std::unique_ptr<Router> router_;
    std::unique_ptr<db::sqlite::SqliteDatabase> database_;
};

}  // namespace larmor::events::testing
