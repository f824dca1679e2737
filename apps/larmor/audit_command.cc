#include <CLI/CLI.hpp>
#include <cstdio>

#include "audit/record.h"
#include "audit/verify.h"
#include "audit_export/message.h"
#include "larmor/audit_options.h"
#include "larmor/command.h"

namespace larmor {
namespace {

/// A write of the server in the middle of which we read ends sooner.
constexpr std::chrono::milliseconds kPatience{500};

struct Where {
    std::vector<std::filesystem::path> files;  ///< none: the library's trail
    std::string anchor;
};

struct Filter {
    std::string since, until;  ///< ISO 8601 or the start of one, compared as text
    std::string patient, who, study, action;
    bool as_messages = false;  ///< of DICOM instead of our own lines

    bool lets_through(const audit::Record& record) const {
        const auto& [action_of, outcome, actor, subject, route, request, detail] = record.entry;
        const std::string time = to_iso8601(record.time);
        return (since.empty() || time >= since) &&
               (until.empty() || time.substr(0, until.size()) <= until) &&
               (patient.empty() || subject.patient_id == patient) &&
               (who.empty() || actor.id == who || actor.name == who) &&
               (study.empty() || subject.study == study) &&
               (action.empty() || audit::name_of(action_of) == action);
    }
};

Result<audit::Verified> read(const Settings& settings, const Where& where,
                             audit::VerifyOptions options) {
    options.patience = kPatience;
    if (!where.anchor.empty()) {
        TRY(options.anchor, audit::parse_anchor(where.anchor));
    }
    return where.files.empty()
               ? audit::verify_trail(settings.library / "audit", std::move(options))
               : audit::verify_files(where.files, std::move(options));
}

int verify(const Settings& settings, const Where& where) {
    const auto verified = read(settings, where, {});
    if (!verified) return fail_command(verified.error());
    std::printf("%llu files, %llu batches, %llu records, %llu bytes: whole\nanchor: %s\n",
                static_cast<unsigned long long>(verified->files),
                static_cast<unsigned long long>(verified->batches),
                static_cast<unsigned long long>(verified->records),
                static_cast<unsigned long long>(verified->size_bytes),
                audit::to_text(verified->end).c_str());
    return kDone;
}

void print_line(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
}

/// The lines as they stand in the trail, one JSON object each, or DICOM audit messages made of
/// them. What is not whole is not shown.
int show(const Settings& settings, const Where& where, const Filter& filter) {
    const std::string source = audit_source();
    audit::VerifyOptions options;
    options.see = [&](const std::filesystem::path&, const audit::Batch& batch) {
        for (const auto line : batch.records) {
            const auto record = audit::parse_record(line);
            if (record && !filter.lets_through(*record)) continue;
            if (record && filter.as_messages) {
                print_line(audit_export::audit_message(*record, source));
            } else {
                print_line(line);  // of a later version too: shown rather than hidden
            }
        }
    };
    const auto shown = read(settings, where, std::move(options));
    std::fflush(stdout);
    return shown ? kDone : fail_command(shown.error());
}

void add_files(CLI::App& command, Where& where) {
    command.add_option("FILE", where.files,
                       "files that follow each other; without any the library's whole trail");
}

void add_filter(CLI::App& command, Filter& filter) {
    command.add_option("--since", filter.since, "2026-01-31 or 2026-01-31T12:00, in UTC");
    command.add_option("--until", filter.until, "the same; with all that begins so");
    command.add_option("--patient", filter.patient, "PatientID");
    command.add_option("--who", filter.who, "id or name of a token, session, AE title");
    command.add_option("--study", filter.study, "StudyInstanceUID");
    command.add_option("--action", filter.action, "query, retrieve, store, sign-in, ...");
    command.add_flag("--dicom", filter.as_messages,
                     "DICOM audit messages (PS3.15 A.5), one XML document a line");
}

}  // namespace

void add_audit(CommandLine& line) {
    auto* command =
        line.app.add_subcommand("audit", "the record of who did what with patient data");
    command->require_subcommand(1);
    command->fallthrough();
    auto where = std::make_shared<Where>();
    auto filter = std::make_shared<Filter>();

    auto* verify_command =
        command->add_subcommand("verify",
                                "check that every byte is as it was written and nothing is "
                                "missing, also while a server "
                                "runs; exits with 1 and names the first bad batch");
    add_files(*verify_command, *where);
    verify_command->add_option("--anchor", where->anchor,
                               "an anchor that was noted elsewhere: the trail must contain it");
    verify_command->callback([&run = line.run, &settings = line.settings, where] {
        run = [&settings, where] { return verify(settings, *where); };
    });

    auto* show_command = command->add_subcommand(
        "show", "print records, one JSON object or XML document a line");
    add_files(*show_command, *where);
    add_filter(*show_command, *filter);
    show_command->callback([&run = line.run, &settings = line.settings, where, filter] {
        run = [&settings, where, filter] { return show(settings, *where, *filter); };
    });
}

}  // namespace larmor
