#include "faults/queue/check.h"

#include <algorithm>
#include <cstdio>
#include <set>

namespace larmor::queue::testing {
namespace {

/// Calls `row` for each.
template <typename F>
Result<void> each_row(db::Database& database, std::string_view sql, F row) {
    return database.read([&](db::Snapshot& snapshot) -> Result<void> {
        TRY(db::Query query, snapshot.prepare(sql));
        for (;;) {
            TRY(const bool is_row, query.next());
            if (!is_row) return {};
            row(query);
        }
    });
}

Result<void> add_rows(db::Database& database, History& history) {
    auto& effects = history.effects.emplace();
    TRY_VOID(each_row(database, "SELECT body FROM effects",
                      [&](const db::Query& row) { ++effects[row.string(0)]; }));
    TRY_VOID(each_row(database,
                      "SELECT b.body FROM queue_messages m JOIN queue_bodies b ON b.id = m.id",
                      [&](const db::Query& row) {
                          Message message;
                          message.body = to_string(row.blob(0));
                          history.drained.push_back(std::move(message));
                      }));
    return each_row(database,
                    "SELECT b.body, d.reason, d.start_count, coalesce(d.last_error, '')"
                    " FROM queue_dead_letters d"
                    " JOIN queue_bodies b ON b.id = d.id",
                    [&](const db::Query& row) {
                        DeadLetter letter;
                        letter.reason = row.string(1);
                        letter.start_count = row.int64(2);
                        letter.last_error = row.string(3);
                        history.dead[to_string(row.blob(0))] = letter;
                    });
}

/// Poison is dead and nothing else is.
std::vector<std::string> wrong_letters(const History& history) {
    std::vector<std::string> found;
    const auto& dead = history.dead;
    for (const auto& [body, letter] : dead) {
        const bool hangs = body.starts_with("hang/");
        const bool kills = body.starts_with("abort/") || body.starts_with("memory/");
        // One that hangs is given back in time, or dies with its worker.
        const bool good =
            (kills && letter.reason == kWorkerLost) ||
            (hangs && (letter.reason == kWorkerLost || letter.reason == kReceiveCountMax));
        if (!good) {
            found.push_back("message " + body + " is a dead letter: " + letter.reason + ", " +
                            letter.last_error);
        }
    }
    for (const auto& send : history.sends) {
        const bool poison = send.body.find('/') != std::string::npos;
        if (poison && !dead.contains(send.body)) {
            found.push_back("message " + send.body + " is poison and no dead letter");
        }
    }
    return found;
}

Result<void> add_wrong_counts(db::Database& database, std::vector<std::string>& found) {
    const auto none = [&](std::string_view what) {
        return [&found, what](const db::Query& row) {
            if (row.int64(0) != 0) {
                found.push_back(std::to_string(row.int64(0)) + " " + std::string(what));
            }
        };
    };
    TRY_VOID(each_row(database, "SELECT count(*) FROM queue_messages",
                      none("messages are still there")));
    TRY_VOID(each_row(database,
                      "SELECT count(*) FROM queue_bodies WHERE id NOT IN"
                      " (SELECT id FROM queue_messages) AND id NOT IN"
                      " (SELECT id FROM queue_dead_letters)",
                      none("bodies belong to no message")));
    TRY_VOID(each_row(database,
                      "SELECT CAST(coalesce(sum(abs(waiting)), 0) AS BIGINT) FROM"
                      " (SELECT sum(waiting) AS waiting FROM queue_counts UNION ALL"
                      " SELECT sum(delayed) FROM queue_counts UNION ALL"
                      " SELECT sum(in_flight) FROM queue_counts) AS counts",
                      none("messages are counted and not there")));
    return each_row(database,
                    "SELECT CAST((SELECT sum(dead) FROM queue_counts) AS BIGINT) -"
                    " (SELECT count(*) FROM queue_dead_letters)",
                    none("dead letters more are counted than there are"));
}

}  // namespace

int check_history(db::Database& database, History history) {
    auto found = [&]() -> Result<std::vector<std::string>> {
        TRY_VOID(add_rows(database, history));
        auto wrong = violations(history);
        std::ranges::move(wrong_letters(history), std::back_inserter(wrong));
        TRY_VOID(add_wrong_counts(database, wrong));
        return wrong;
    }();
    if (!found) {
        std::printf("not checked: %s\n", found.error().message.c_str());
        return 1;
    }
    for (const auto& what : *found) std::printf("%s\n", what.c_str());
    const auto calls_that = [&](Ending ending) {
        return std::ranges::count(history.calls, ending, &DeliveryCall::ending) +
               std::ranges::count(history.sends, ending, &SendCall::ending);
    };
    std::printf(
        "%zu sent, %zu deliveries, %zu done, %zu dead; calls: %td ok, %td failed, %td "
        "unknown\n",
        history.sends.size(), history.deliveries.size(), history.effects->size(),
        history.dead.size(), calls_that(Ending::Ok), calls_that(Ending::Failed),
        calls_that(Ending::Unknown));
    return found->empty() ? 0 : 1;
}

}  // namespace larmor::queue::testing
