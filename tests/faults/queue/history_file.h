#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "queue/tests/history.h"

namespace larmor::queue::testing {

/// One thing that a call does, as it is known before its commit.
struct RecordedAct {
    std::string what;     ///< send, start, remove, release, dead_letter, extend
    std::string subject;  ///< the body that is sent, else a receipt handle
};

/// What one process was told, a line a record, appended with one write each before whoever
/// called goes on: a process that is killed leaves all that it knew. Safe from any thread.
///
///     delivery BEGIN BEGIN_US END END_US BATCH_SIZE RUN ID HANDLE RECEIVED STARTS SUSPECT BODY
///     call NUMBER BEGIN BEGIN_US ACT SUBJECT ACT SUBJECT ...
///     end NUMBER END END_US ok|failed|unknown
///
/// Fields are parted by tabs. BEGIN and END are the machine's clock in ns, which all processes
/// share. A call without an end was cut by the kill; one that is there twice ran again after a
/// rollback, and the later one holds.
class HistoryFile {
public:
    HistoryFile(const std::string& path, int run);
    ~HistoryFile();
    HistoryFile(const HistoryFile&) = delete;
    HistoryFile& operator=(const HistoryFile&) = delete;

    static Interval begin();

    void received(Interval when, const std::vector<Message>& messages);
    std::uint64_t next_call() { return ++calls_; }
    /// What is about to be committed.
    void called(std::uint64_t call, const Interval& when, const std::vector<RecordedAct>& acts);
    void ended(std::uint64_t call, Ending ending);

private:
    void append(const std::string& lines);

    int file_;
    const int run_;
    std::atomic<std::uint64_t> calls_{0};
};

/// Adds what a process wrote.
void read_history(const std::string& path, History& history);

}  // namespace larmor::queue::testing
