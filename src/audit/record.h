#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace larmor::audit {

/// What somebody did. The word of `name_of` is in the file: add, never rename.
enum class Action : std::uint8_t {
    None,           ///< nothing of a patient: health, the page's own files
    Query,          ///< QIDO-RS, C-FIND
    ReadMetadata,   ///< data elements without bulk data
    Retrieve,       ///< instances, frames, bulk data
    Render,         ///< pictures of them
    Store,          ///< instances came in
    Delete,         ///< instances are no longer shown, or shown again
    Export,         ///< patient data left as files: an archive, a backup
    SignIn,         ///< also the try
    SignOut,        ///
    TokenCreate,    ///< `object` is the id of the token or access key
    TokenRevoke,    ///
    ListTokens,     ///< who may do what was looked at
    Start,          ///< of the program that has the library open
    Stop,           ///
    SecurityAlert,  ///< something is wrong with the trail itself: `detail` says what
    RuleChange,     ///< where events go: `object` is the rule's name
    QueueChange,    ///< settings, redrive, purge: `object` is the queue's name
    QueueUse,       ///< messages were sent, taken, dealt with or read: the same
    JobChange,      ///< a long run was asked for, cancelled or removed: `object` is its id
    Edit,           ///< metadata was changed: `object` is the image set, where it is one
};
inline constexpr std::size_t kActionCount = 21;
std::string_view name_of(Action action);

/// Source: PS3.15 table A.5-2, EventOutcomeIndicator.
enum class Outcome : std::uint8_t {
    Success,
    Refused,  ///< what was asked for is wrong, unknown or not allowed: a minor failure
    Failed,   ///< we could not: a serious failure
};
std::string_view name_of(Outcome outcome);

/// Who did it.
struct Actor {
    std::string id;    ///< of the token or session; an AE title; `uid:1000` on the command line
    std::string name;  ///< of the token as given when it was made
    std::string role;
    std::string
        via;  ///< `token`, `session`, `access-key`, `nothing` (sign-in off), `dimse`, `command`
    std::string address;  ///< of the other end; empty for this machine's command line
    friend bool operator==(const Actor&, const Actor&) = default;
};

/// What it was done to; empty where it does not apply. The trail names patients by Patient ID
/// and nothing else: no name, no birth date.
struct Subject {
    std::string patient_id;
    std::string study;            ///< UIDs, as the next two
    std::string series;           ///< empty: the whole study
    std::string instance;         ///< empty: the whole series
    std::string query;            ///< keys, and those values that append_query_key lets through
    std::string object;           ///< the id of a token or session, the name of a rule or queue
    std::uint64_t instances = 0;  ///< how many; 0 where it was not counted
    friend bool operator==(const Subject&, const Subject&) = default;
};

/// What is told to the log; it adds number and time.
struct Entry {
    Action action = Action::None;
    Outcome outcome = Outcome::Success;
    Actor actor;
    Subject subject;
    std::string route;       ///< the name of the route or service
    std::string request_id;  ///< as in the process's log
    std::string detail;      ///< in our own words
    friend bool operator==(const Entry&, const Entry&) = default;
};

/// A line of the trail.
struct Record {
    std::uint64_t number = 0;  ///< from 1, without a gap
    Time time{};
    Entry entry;
    /// Of a record that closes a window (see Windows): how often the same was done again since
    /// the record `repeats_of`, whose time is `since`. 0 for all others.
    std::uint64_t repeats = 0;
    std::uint64_t repeats_of = 0;
    Time since{};
    friend bool operator==(const Record&, const Record&) = default;
};

/// Appends `{"record":1,...}` and a line feed. Members that are empty are left out; text that
/// is not UTF-8 or too long (kTextMaxBytes) is made so. See docs/formats/audit.md.
void append_line(std::string& out, const Record& record);
inline constexpr std::size_t kTextMaxBytes = 1024;

/// Reads such a line, without its line feed. Errors: InvalidInput.
Result<Record> parse_record(std::string_view line);

}  // namespace larmor::audit
