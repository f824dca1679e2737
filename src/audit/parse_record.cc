#include <simdjson.h>

#include <charconv>
#include <cstdio>

#include "audit/record.h"

namespace larmor::audit {
namespace {

tl::unexpected<Error> no_record(const char* why) {
    return fail(ErrorCode::InvalidInput, std::string("a line is no record: ") + why);
}

/// One run of digits of a time; nothing for anything else.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    const char* end = text.data() + at + count;
    const auto read = std::from_chars(text.data() + at, end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 0) return std::nullopt;
    return value;
}

/// What to_iso8601 makes: `2026-01-02T03:04:05.678Z`.
std::optional<Time> parse_time(std::string_view text) {
    if (text.size() != 24 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != '.' || text[23] != 'Z') {
        return std::nullopt;
    }
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    const auto milli = digits(text, 20, 3);
    if (!year || !month || !day || !hour || !minute || !second || !milli) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
           std::chrono::milliseconds(*milli);
}

template <typename Enum>
std::optional<Enum> named(std::string_view text, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (name_of(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

/// Where the texts of a record go.
std::string* text_of(Entry& entry, std::string_view key) {
    const std::pair<std::string_view, std::string*> texts[] = {
        {"who", &entry.actor.id},
        {"name", &entry.actor.name},
        {"role", &entry.actor.role},
        {"via", &entry.actor.via},
        {"address", &entry.actor.address},
        {"PatientID", &entry.subject.patient_id},
        {"StudyInstanceUID", &entry.subject.study},
        {"SeriesInstanceUID", &entry.subject.series},
        {"SOPInstanceUID", &entry.subject.instance},
        {"query", &entry.subject.query},
        {"object", &entry.subject.object},
        {"route", &entry.route},
        {"request", &entry.request_id},
        {"detail", &entry.detail}};
    for (const auto& [name, text] : texts) {
        if (name == key) return text;
    }
    return nullptr;
}

/// Takes one member; a later version may write further ones, which are passed over.
Result<void> take(Record& record, std::string_view key, simdjson::ondemand::value value) {
    const std::pair<std::string_view, std::uint64_t*> numbers[] = {
        {"record", &record.number},
        {"repeats", &record.repeats},
        {"repeats_of", &record.repeats_of},
        {"instances", &record.entry.subject.instances}};
    for (const auto& [name, number] : numbers) {
        if (name != key) continue;
        if (value.get_uint64().get(*number) != simdjson::SUCCESS) return no_record("a number");
        return {};
    }
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return {};
    if (key == "time" || key == "since") {
        const auto time = parse_time(text);
        if (!time) return no_record("a time");
        (key == "time" ? record.time : record.since) = *time;
    } else if (key == "action") {
        const auto action = named<Action>(text, kActionCount);
        if (!action) return no_record("an action that is not known");
        record.entry.action = *action;
    } else if (key == "outcome") {
        const auto outcome = named<Outcome>(text, 3);
        if (!outcome) return no_record("an outcome that is not known");
        record.entry.outcome = *outcome;
    } else if (std::string* target = text_of(record.entry, key)) {
        *target = text;
    }
    return {};
}

}  // namespace

Result<Record> parse_record(std::string_view line) {
    const simdjson::padded_string padded(line);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return no_record("not a JSON object");
    }
    Record record;
    for (auto field : object) {
        std::string_view key;
        simdjson::ondemand::value value;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
            field.value().get(value) != simdjson::SUCCESS) {
            return no_record("broken JSON");
        }
        // The value may be text that reuses the buffer of the key.
        const std::string name(key);
        TRY_VOID(take(record, name, value));
    }
    if (record.number == 0) return no_record("it has no number");
    return record;
}

}  // namespace larmor::audit
