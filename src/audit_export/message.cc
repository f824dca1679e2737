#include "audit_export/message.h"

#include <string_view>

#include "audit_export/xml_text.h"
#include "base/base64.h"

namespace larmor::audit_export {
namespace {

using audit::Action;

struct Code {
    std::string_view value;
    std::string_view meaning;
};

/// Source: PS3.16 CID 400 (events), CID 401 (types), CID 402 (roles), PS3.15 section A.5.3.
struct Event {
    Code id;
    std::string_view action;  ///< C, R, U, D or E(xecute): PS3.15 table A.5-2
    Code type = {};
};

constexpr Code kApplicationActivity{"110100", "Application Activity"};
constexpr Code kInstancesAccessed{"110103", "DICOM Instances Accessed"};
constexpr Code kInstancesTransferred{"110104", "DICOM Instances Transferred"};
constexpr Code kStudyDeleted{"110105", "DICOM Study Deleted"};
constexpr Code kExport{"110106", "Export"};
constexpr Code kImport{"110107", "Import"};
constexpr Code kQuery{"110112", "Query"};
constexpr Code kSecurityAlert{"110113", "Security Alert"};
constexpr Code kUserAuthentication{"110114", "User Authentication"};
constexpr Code kStart{"110120", "Application Start"};
constexpr Code kStop{"110121", "Application Stop"};
constexpr Code kLogin{"110122", "Login"};
constexpr Code kLogout{"110123", "Logout"};
constexpr Code kSoftwareConfiguration{"110131", "Software Configuration"};
constexpr Code kRestricted{"110132", "Use of Restricted Function"};
constexpr Code kRecordingStopped{"110133", "Audit Recording Stopped"};
constexpr Code kUserAttributesChanged{"110137", "User Security Attributes Changed"};
constexpr Code kApplication{"110150", "Application"};
constexpr Code kDestination{"110152", "Destination Role ID"};
constexpr Code kSource{"110153", "Source Role ID"};
constexpr Code kStudyUid{"110180", "Study Instance UID"};
constexpr Code kPatientNumber{"2", "Patient Number"};
constexpr Code kUri{"12", "URI"};

bool came_by_command(const audit::Entry& entry) {
    return entry.actor.via == "command" || entry.actor.via == "job";
}

Event event_of(const audit::Entry& entry) {
    switch (entry.action) {
        case Action::Query:
            return {kQuery, "E"};
        case Action::None:
        case Action::ReadMetadata:
        case Action::Render:
            return {kInstancesAccessed, "R"};
        case Action::Retrieve:
            return {kInstancesTransferred, "R"};
        case Action::Store:
            return came_by_command(entry) ? Event{kImport, "C"}
                                          : Event{kInstancesTransferred, "C"};
        case Action::Edit:
            return {kInstancesAccessed, "U"};
        case Action::Delete:
            return entry.subject.series.empty() ? Event{kStudyDeleted, "D"}
                                                : Event{kInstancesAccessed, "D"};
        case Action::Export:
            return {kExport, "R"};
        case Action::SignIn:
            return {kUserAuthentication, "E", kLogin};
        case Action::SignOut:
            return {kUserAuthentication, "E", kLogout};
        case Action::TokenCreate:
        case Action::TokenRevoke:
            return {kSecurityAlert, "E", kUserAttributesChanged};
        case Action::ListTokens:
        case Action::QueueUse:
            return {kSecurityAlert, "E", kRestricted};
        case Action::RuleChange:
        case Action::QueueChange:
        case Action::JobChange:
            return {kSecurityAlert, "E", kSoftwareConfiguration};
        case Action::Start:
            return {kApplicationActivity, "E", kStart};
        case Action::Stop:
            return {kApplicationActivity, "E", kStop};
        case Action::SecurityAlert:
            return {kSecurityAlert, "E", kRecordingStopped};
    }
    return {kInstancesAccessed, "R"};
}

/// Source: PS3.15 table A.5-2, EventOutcomeIndicator.
std::string_view indicator_of(audit::Outcome outcome) {
    switch (outcome) {
        case audit::Outcome::Success:
            return "0";
        case audit::Outcome::Refused:
            return "4";
        case audit::Outcome::Failed:
            return "8";
    }
    return "8";
}

void append_code(std::string& out, std::string_view element, Code code,
                 std::string_view system = "DCM") {
    out.append("<").append(element);
    append_attribute(out, "csd-code", code.value);
    append_attribute(out, "codeSystemName", system);
    append_attribute(out, "originalText", code.meaning);
    out += "/>";
}

void append_event(std::string& out, const audit::Record& record) {
    const Event event = event_of(record.entry);
    out += "<EventIdentification";
    append_attribute(out, "EventActionCode", event.action);
    append_attribute(out, "EventDateTime", to_iso8601(record.time));
    append_attribute(out, "EventOutcomeIndicator", indicator_of(record.entry.outcome));
    out += '>';
    append_code(out, "EventID", event.id);
    if (!event.type.value.empty()) append_code(out, "EventTypeCode", event.type);
    out += "</EventIdentification>";
}

struct Participant {
    std::string_view id;
    std::string_view other_id = {};
    std::string_view name = {};
    bool asked = false;
    std::string_view address = {};
    Code role = {};
};

void append_participant(std::string& out, const Participant& participant) {
    out += "<ActiveParticipant";
    append_attribute(out, "UserID", participant.id);
    if (!participant.other_id.empty()) {
        append_attribute(out, "AlternativeUserID", participant.other_id);
    }
    if (!participant.name.empty()) append_attribute(out, "UserName", participant.name);
    append_attribute(out, "UserIsRequestor", participant.asked ? "true" : "false");
    if (!participant.address.empty()) {
        append_attribute(out, "NetworkAccessPointID", participant.address);
        append_attribute(out, "NetworkAccessPointTypeCode", "2");  // an IP address
    }
    if (participant.role.value.empty()) {
        out += "/>";
        return;
    }
    out += '>';
    append_code(out, "RoleIDCode", participant.role);
    out += "</ActiveParticipant>";
}

/// The server, and whoever had it do so. The standard asks for an id of everybody: what has
/// none is the system itself.
void append_participants(std::string& out, const audit::Entry& entry, std::string_view source) {
    const bool application = entry.action == Action::Start || entry.action == Action::Stop;
    const bool comes_in = entry.action == Action::Store;
    const bool goes_out = entry.action == Action::Retrieve || entry.action == Action::Query ||
                          entry.action == Action::Export;
    Participant us{.id = "larmor", .other_id = source};
    if (application) us.role = kApplication;
    if (comes_in || entry.action == Action::Query) us.role = kDestination;
    if (goes_out && entry.action != Action::Query) us.role = kSource;
    append_participant(out, us);

    const audit::Actor& actor = entry.actor;
    if (actor.id.empty() && actor.address.empty()) return;
    Participant who{.id = actor.id.empty() ? std::string_view("unknown") : actor.id,
                    .name = actor.name,
                    .asked = true,
                    .address = actor.address};
    const std::string title = "AETITLES=" + actor.id;
    if (actor.via == "dimse") who.other_id = title;
    if (comes_in || entry.action == Action::Query) who.role = kSource;
    if (goes_out && entry.action != Action::Query) who.role = kDestination;
    append_participant(out, who);
}

void append_detail(std::string& out, std::string_view type, std::string_view value) {
    if (value.empty()) return;
    out += "<ParticipantObjectDetail";
    append_attribute(out, "type", type);
    // Of the schema's type base64Binary.
    append_attribute(out, "value", to_base64(as_bytes(value)));
    out += "/>";
}

void open_object(std::string& out, std::string_view id, std::string_view type,
                 std::string_view role) {
    out += "<ParticipantObjectIdentification";
    append_attribute(out, "ParticipantObjectID", id);
    append_attribute(out, "ParticipantObjectTypeCode", type);
    append_attribute(out, "ParticipantObjectTypeCodeRole", role);
    out += '>';
}

/// The schema wants a name where there is no query.
void append_name(std::string& out, std::string_view name) {
    out += "<ParticipantObjectName>";
    append_text(out, name);
    out += "</ParticipantObjectName>";
}

/// What was done, in the trail's own words: they are more exact than the event's.
void append_act(std::string& out, const audit::Record& record) {
    const audit::Entry& entry = record.entry;
    append_detail(out, "record", std::to_string(record.number));
    append_detail(out, "action", name_of(entry.action));
    append_detail(out, "route", entry.route);
    append_detail(out, "request", entry.request_id);
    append_detail(out, "detail", entry.detail);
    append_detail(out, "SeriesInstanceUID", entry.subject.series);
    append_detail(out, "SOPInstanceUID", entry.subject.instance);
    if (entry.subject.instances > 0) {
        append_detail(out, "instances", std::to_string(entry.subject.instances));
    }
    if (record.repeats > 0) {
        append_detail(out, "repeats", std::to_string(record.repeats));
        append_detail(out, "repeats_of", std::to_string(record.repeats_of));
        append_detail(out, "since", to_iso8601(record.since));
    }
}

void append_objects(std::string& out, const audit::Record& record) {
    const audit::Entry& entry = record.entry;
    const audit::Subject& subject = entry.subject;
    constexpr std::string_view kEnd = "</ParticipantObjectIdentification>";
    const bool has_study = !subject.study.empty();
    if (has_study) {
        open_object(out, subject.study, "2", "3");  // a system object, a report
        append_code(out, "ParticipantObjectIDTypeCode", kStudyUid);
    } else {
        const bool is_alert = event_of(entry).id.value == kSecurityAlert.value;
        const std::string_view id = subject.object.empty() ? entry.route : subject.object;
        // A system object: a security resource, or what was asked.
        open_object(out, id.empty() ? std::string_view("audit") : id, "2",
                    is_alert ? "13" : "24");
        append_code(out, "ParticipantObjectIDTypeCode", kUri, "RFC-3881");
    }
    if (entry.action == Action::Query) {
        out += "<ParticipantObjectQuery>";
        append_base64(out, as_bytes(subject.query));
        out += "</ParticipantObjectQuery>";
    } else {
        append_name(out, name_of(entry.action));
    }
    append_act(out, record);
    out += kEnd;
    if (subject.patient_id.empty()) return;
    open_object(out, subject.patient_id, "1", "1");  // a person, the patient
    append_code(out, "ParticipantObjectIDTypeCode", kPatientNumber, "RFC-3881");
    append_name(out, subject.patient_id);  // the trail holds no names of persons
    out += kEnd;
}

}  // namespace

std::string audit_message(const audit::Record& record, std::string_view source) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>";
    append_event(out, record);
    append_participants(out, record.entry, source);
    out += "<AuditSourceIdentification";
    append_attribute(out, "AuditSourceID", source);
    out += '>';
    out += "<AuditSourceTypeCode csd-code=\"4\"/>";  // an application server
    out += "</AuditSourceIdentification>";
    append_objects(out, record);
    out += "</AuditMessage>";
    return out;
}

}  // namespace larmor::audit_export
