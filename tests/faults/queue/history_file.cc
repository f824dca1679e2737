#include "faults/queue/history_file.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <sstream>

#include "base/result.h"

namespace larmor::queue::testing {
namespace {

std::uint64_t nanoseconds_of_machine() {
    timespec now{};
    LARMOR_CHECK(::clock_gettime(CLOCK_BOOTTIME, &now) == 0);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}
Time time_at(std::uint64_t nanoseconds) {
    return Time(microseconds(static_cast<std::int64_t>(nanoseconds / 1000)));
}
void end(Interval& when) {
    when.end = nanoseconds_of_machine();
    when.ended = time_at(when.end);
}
std::int64_t stored(Time time) {
    return time.time_since_epoch().count();
}
const char* name_of(Ending ending) {
    switch (ending) {
        case Ending::Ok:
            return "ok";
        case Ending::Failed:
            return "failed";
        case Ending::Unknown:
            break;
    }
    return "unknown";
}

}  // namespace

HistoryFile::HistoryFile(const std::string& path, int run)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)), run_(run) {
    LARMOR_CHECK(file_ >= 0);
}
HistoryFile::~HistoryFile() {
    ::close(file_);
}

Interval HistoryFile::begin() {
    const std::uint64_t now = nanoseconds_of_machine();
    return {.begin = now, .end = 0, .began = time_at(now), .ended = {}};
}

void HistoryFile::received(Interval when, const std::vector<Message>& messages) {
    end(when);
    std::ostringstream lines;
    for (const auto& message : messages) {
        lines << "delivery\t" << when.begin << '\t' << stored(when.began) << '\t' << when.end
              << '\t' << stored(when.ended) << '\t' << messages.size() << '\t' << run_ << '\t'
              << to_int64(message.id) << '\t' << message.receipt_handle << '\t'
              << message.receive_count << '\t' << message.start_count << '\t'
              << (message.suspect ? 1 : 0) << '\t' << message.body << '\n';
    }
    if (!messages.empty()) append(lines.str());
}

void HistoryFile::called(std::uint64_t call, const Interval& when,
                         const std::vector<RecordedAct>& acts) {
    std::ostringstream line;
    line << "call\t" << call << '\t' << when.begin << '\t' << stored(when.began);
    for (const auto& act : acts) line << '\t' << act.what << '\t' << act.subject;
    line << '\n';
    append(line.str());
}

void HistoryFile::ended(std::uint64_t call, Ending ending) {
    Interval when;
    end(when);
    std::ostringstream line;
    line << "end\t" << call << '\t' << when.end << '\t' << stored(when.ended) << '\t'
         << name_of(ending) << '\n';
    append(line.str());
}

void HistoryFile::append(const std::string& lines) {
    // One write: the kernel finishes what it began, and with O_APPEND two never mix.
    const auto written = ::write(file_, lines.data(), lines.size());
    LARMOR_CHECK(written == static_cast<ssize_t>(lines.size()));
}

}  // namespace larmor::queue::testing
