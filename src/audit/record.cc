#include "audit/record.h"

#include <array>
#include <optional>

#include "base/json_text.h"

namespace larmor::audit {
namespace {

constexpr std::array<std::string_view, kActionCount> kActions = {
    "none",        "query",        "read-metadata", "retrieve",
    "render",      "store",        "delete",        "export",
    "sign-in",     "sign-out",     "token-create",  "token-revoke",
    "list-tokens", "start",        "stop",          "security-alert",
    "rule-change", "queue-change", "queue-use",     "job-change",
    "edit"};
constexpr std::array<std::string_view, 3> kOutcomes = {"success", "refused", "failed"};

/// Cut at a character's border.
std::string_view shortened(std::string_view text) {
    if (text.size() <= kTextMaxBytes) return text;
    std::size_t size = kTextMaxBytes;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    return text.substr(0, size);
}

std::string printable(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
    return result;
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    const auto text = shortened(value);
    out += ",\"";
    out += key;
    out += "\":";
    append_json_string(out, is_utf8(text) ? text : printable(text));
}

void append_number(std::string& out, std::string_view key, std::uint64_t value) {
    if (value == 0) return;
    out += ",\"";
    out += key;
    out += "\":";
    out += std::to_string(value);
}

}  // namespace

std::string_view name_of(Action action) {
    return kActions.at(static_cast<std::size_t>(action));
}

std::string_view name_of(Outcome outcome) {
    return kOutcomes.at(static_cast<std::size_t>(outcome));
}

void append_line(std::string& out, const Record& record) {
    const Entry& entry = record.entry;
    out += "{\"record\":" + std::to_string(record.number);
    append_text(out, "time", to_iso8601(record.time));
    append_text(out, "action", name_of(entry.action));
    append_text(out, "outcome", name_of(entry.outcome));
    append_text(out, "who", entry.actor.id);
    append_text(out, "name", entry.actor.name);
    append_text(out, "role", entry.actor.role);
    append_text(out, "via", entry.actor.via);
    append_text(out, "address", entry.actor.address);
    append_text(out, "PatientID", entry.subject.patient_id);
    append_text(out, "StudyInstanceUID", entry.subject.study);
    append_text(out, "SeriesInstanceUID", entry.subject.series);
    append_text(out, "SOPInstanceUID", entry.subject.instance);
    append_text(out, "query", entry.subject.query);
    append_text(out, "object", entry.subject.object);
    append_number(out, "instances", entry.subject.instances);
    append_text(out, "route", entry.route);
    append_text(out, "request", entry.request_id);
    append_text(out, "detail", entry.detail);
    append_number(out, "repeats", record.repeats);
    append_number(out, "repeats_of", record.repeats_of);
    if (record.repeats_of != 0) append_text(out, "since", to_iso8601(record.since));
    out += "}\n";
}

}  // namespace larmor::audit
