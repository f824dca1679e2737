#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"

namespace larmor::observe {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error, Off };
enum class LogFormat : std::uint8_t {
    Text,  ///< `12:34:56.789 INFO  import file=a.dcm bytes=12`, for a terminal
    Json,  ///< one object a line:
           ///< {"time":...,"level":"info","event":"import","file":"a.dcm",...}
};

/// Wraps a value that must never reach a log, a metric or an error message: names, birth dates,
/// Patient IDs, tokens. It has no way to be streamed or formatted, and a log field does not
/// take it. Study, series and SOP instance UIDs are not patient data in this sense.
template <typename T>
class Sensitive {
public:
    explicit Sensitive(T value) : value_(std::move(value)) {}
    /// The value, for what it is needed for; never for a log.
    const T& reveal() const { return value_; }

private:
    T value_;
};

/// The value of a field: text, a number, a truth value or a duration (written in seconds).
class LogValue {
public:
    LogValue(std::string_view text) : value_(text) {}
    LogValue(const char* text) : value_(std::string_view(text)) {}
    LogValue(const std::string& text) : value_(std::string_view(text)) {}
    LogValue(std::same_as<bool> auto value) : value_(value) {}
    LogValue(std::signed_integral auto value) : value_(static_cast<std::int64_t>(value)) {}
    LogValue(std::unsigned_integral auto value)
        requires(!std::same_as<decltype(value), bool>)
        : value_(static_cast<std::uint64_t>(value)) {}
    LogValue(std::floating_point auto value) : value_(static_cast<double>(value)) {}
    template <typename Rep, typename Period>
    LogValue(std::chrono::duration<Rep, Period> value)
        : value_(std::chrono::duration<double>(value).count()) {}
    template <typename T>
    LogValue(const Sensitive<T>&) = delete;

private:
    friend class LogLine;
    std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double> value_;
};

/// A key in snake_case with its unit last (`size_bytes`), and a value that lives as long as the
/// call.
struct LogField {
    std::string_view key;
    LogValue value;
};
using LogFields = std::initializer_list<LogField>;

/// What `event` names happened: a few constant words, so that lines can be counted by it; what
/// changes is a field. The field for a request's id is `request_id`.
///
///     log_info("instance stored", {{"sop_instance_uid", uid}, {"size_bytes", size}});
///
/// One write(2) a line, so that lines of threads do not mix and a crash loses nothing. Control
/// characters in text are escaped in both forms: input cannot forge a line.
void log(LogLevel level, std::string_view event, LogFields fields = {});
inline void log_debug(std::string_view event, LogFields fields = {}) {
    log(LogLevel::Debug, event, fields);
}
inline void log_info(std::string_view event, LogFields fields = {}) {
    log(LogLevel::Info, event, fields);
}
inline void log_warning(std::string_view event, LogFields fields = {}) {
    log(LogLevel::Warning, event, fields);
}
inline void log_error(std::string_view event, LogFields fields = {}) {
    log(LogLevel::Error, event, fields);
}
/// True when a line of this level would be written: to skip the making of costly fields.
bool log_enabled(LogLevel level);

struct LogOptions {
    LogFormat format = LogFormat::Text;
    LogLevel level = LogLevel::Info;
    int fd = 2;  ///< not owned
};
/// Any time, any thread; starts as text of level Info on standard error.
void configure_log(const LogOptions& options);

/// `debug`, `info`, `warning`, `error`, `off`. Errors: InvalidInput, with the words that are
/// taken.
Result<LogLevel> parse_log_level(std::string_view text);
/// `text`, `json`. Errors: as above.
Result<LogFormat> parse_log_format(std::string_view text);

}  // namespace larmor::observe
