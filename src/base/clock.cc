#include "base/clock.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace larmor {
namespace {

class SystemClock final : public Clock {
public:
    Time now() const override {
        return std::chrono::time_point_cast<std::chrono::microseconds>(
            std::chrono::system_clock::now());
    }
    std::chrono::microseconds uptime() const override {
        std::timespec time{};
        // Not steady_clock, which stands still while the machine sleeps.
        LARMOR_CHECK(::clock_gettime(CLOCK_BOOTTIME, &time) == 0);
        return std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
    }
};

std::tm utc(Time time) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm result{};
    gmtime_r(&seconds, &result);
    return result;
}

}  // namespace

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

std::string to_iso8601(Time time) {
    const std::tm tm = utc(time);
    const auto since = time - std::chrono::floor<std::chrono::seconds>(time);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    std::array<char, 64> text{};
    const int size =
        std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                      tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                      tm.tm_sec, static_cast<int>(milliseconds));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string to_http_date(Time time) {
    // Not strftime: its names of days and months follow the locale.
    constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm tm = utc(time);
    std::array<char, 64> text{};
    const int size =
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      kDays[static_cast<std::size_t>(tm.tm_wday)], tm.tm_mday,
                      kMonths[static_cast<std::size_t>(tm.tm_mon)], tm.tm_year + 1900,
                      tm.tm_hour, tm.tm_min, tm.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

Result<Time> parse_utc_time(std::string_view text) {
    constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
    const auto wrong = [] {
        return fail(ErrorCode::InvalidInput,
                    "a time is in UTC and whole seconds: 2026-01-02T03:04:05Z");
    };
    if (text.size() != kForm.size()) return wrong();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (kForm[i] == '0' ? !is_digit : text[i] != kForm[i]) return wrong();
    }
    const auto number = [text](std::size_t offset, std::size_t count) {
        int value = 0;
        std::from_chars(text.data() + offset, text.data() + offset + count, value);
        return value;
    };
    const std::chrono::year_month_day date(
        std::chrono::year(number(0, 4)),
        std::chrono::month(static_cast<unsigned>(number(5, 2))),
        std::chrono::day(static_cast<unsigned>(number(8, 2))));
    if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 60) {
        return wrong();
    }
    return std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
           std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
}

}  // namespace larmor
