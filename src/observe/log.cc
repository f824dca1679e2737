#include "observe/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <iterator>

#include "base/clock.h"
#include "base/json_text.h"

namespace larmor::observe {
namespace {

std::atomic<LogFormat> log_format{LogFormat::Text};
std::atomic<LogLevel> log_level{LogLevel::Info};
std::atomic<int> log_fd{2};

struct LevelName {
    std::string_view json;
    std::string_view text;  ///< padded, so that events stand below each other
};
constexpr LevelName kLevelNames[] = {
    {"debug", "DEBUG"}, {"info", "INFO "}, {"warning", "WARN "}, {"error", "ERROR"}};

/// Text of one field: as it is where it cannot be misread, else as a JSON string.
void append_text_value(std::string& out, std::string_view value) {
    const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' ||
               static_cast<unsigned char>(c) >= 0x7f;
    });
    if (plain) {
        out += value;
    } else {
        append_json_string(out, is_utf8(value) ? value : std::string_view("not UTF-8"));
    }
}

void write_line(const std::string& line) {
    std::string_view left = line;
    while (!left.empty()) {
        const auto n =
            ::write(log_fd.load(std::memory_order_relaxed), left.data(), left.size());
        if (n < 0 && errno == EINTR) continue;
        // A log that cannot be written must not stop the work that it tells of.
        if (n <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace

/// One line being made.
class LogLine {
public:
    LogLine(LogFormat format, LogLevel level, std::string_view event) : format_(format) {
        const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(
            std::chrono::system_clock::now());
        const auto& name = kLevelNames[static_cast<std::size_t>(level)];
        if (format_ == LogFormat::Json) {
            line_ = R"({"time":")" + to_iso8601(now) + R"(","level":")";
            line_ += name.json;
            line_ += R"(","event":)";
            append_json_string(line_, is_utf8(event) ? event : "not UTF-8");
        } else {
            line_ = to_iso8601(now).substr(11, 12);
            line_ += ' ';
            line_ += name.text;
            line_ += ' ';
            line_ += event;
        }
    }
    void add(const LogField& field) {
        if (format_ == LogFormat::Json) {
            line_ += ',';
            append_json_string(line_, field.key);
            line_ += ':';
        } else {
            line_ += ' ';
            line_ += field.key;
            line_ += '=';
        }
        std::visit([this](auto value) { append(value); }, field.value.value_);
    }
    const std::string& finish() {
        line_ += format_ == LogFormat::Json ? "}\n" : "\n";
        return line_;
    }

private:
    void append(std::string_view value) {
        if (format_ == LogFormat::Text) {
            append_text_value(line_, value);
        } else {
            append_json_string(line_, is_utf8(value) ? value : "not UTF-8");
        }
    }
    void append(bool value) { line_ += value ? "true" : "false"; }
    void append(std::int64_t value) { line_ += std::to_string(value); }
    void append(std::uint64_t value) { line_ += std::to_string(value); }
    void append(double value) {
        // JSON has no NaN and no infinity.
        if (std::isfinite(value)) {
            fmt::format_to(std::back_inserter(line_), "{:.6g}", value);
        } else {
            line_ += "null";
        }
    }

    LogFormat format_;
    std::string line_;
};

void log(LogLevel level, std::string_view event, LogFields fields) {
    if (!log_enabled(level)) return;
    LogLine line(log_format.load(std::memory_order_relaxed), level, event);
    for (const auto& field : fields) line.add(field);
    write_line(line.finish());
}

bool log_enabled(LogLevel level) {
    return level >= log_level.load(std::memory_order_relaxed) && level < LogLevel::Off;
}

void configure_log(const LogOptions& options) {
    log_format = options.format;
    log_level = options.level;
    log_fd = options.fd;
}

Result<LogLevel> parse_log_level(std::string_view text) {
    for (std::size_t i = 0; i < std::size(kLevelNames); ++i) {
        if (text == kLevelNames[i].json) return static_cast<LogLevel>(i);
    }
    if (text == "off") return LogLevel::Off;
    return fail(ErrorCode::InvalidInput,
                "a log level is one of debug, info, warning, error, off");
}

Result<LogFormat> parse_log_format(std::string_view text) {
    if (text == "text") return LogFormat::Text;
    if (text == "json") return LogFormat::Json;
    return fail(ErrorCode::InvalidInput, "a log format is one of text, json");
}

}  // namespace larmor::observe
