#include "larmor/import_through_server.h"

#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"
#include "ingest/result_json.h"
#include "larmor/follow_job.h"

namespace larmor {
namespace {

using ingest::ImportTally;

/// Errors: InvalidInput for a name that JSON can't carry.
Result<std::string> parameters_of(const GivenNames& names, ReportForm form) {
    std::string json = R"({"paths":[)";
    for (const std::string& path : names.absolute()) {
        if (!is_utf8(path)) {
            return fail(ErrorCode::InvalidInput,
                        "a path whose name is no UTF-8 can't be sent to the server: name the "
                        "folder that it is in");
        }
        if (json.back() != '[') json += ',';
        append_json_string(json, path);
    }
    json += R"(],"report":")";
    json += form == ReportForm::Json ? "all" : "problems";
    return json + "\"}";
}

struct Totals {
    ImportTally tally;
    std::uint64_t bytes_total = 0;
};

Totals totals_of(const JobView& job) {
    Totals totals;
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(job.result).get(object) != simdjson::SUCCESS) return totals;
    auto& tally = totals.tally;
    const std::pair<const char*, std::uint64_t*> numbers[] = {
        {"imported", &tally.imported},         {"duplicates", &tally.duplicates},
        {"alternates", &tally.alternates},     {"conflicts", &tally.conflicts},
        {"rejected", &tally.rejected},         {"bytes", &tally.bytes},
        {"bytes_passed", &tally.bytes_passed}, {"bytes_total", &totals.bytes_total}};
    for (const auto& [name, number] : numbers) {
        if (object[name].get(*number) != simdjson::SUCCESS) *number = 0;
    }
    return totals;
}

/// What came of the job up to now, told to the report.
class Following {
public:
    Following(ServerJobs& jobs, const GivenNames& names, ImportReport& report)
        : jobs_(jobs), names_(names), report_(report) {}

    Result<void> changed(const JobView& job) {
        const Totals totals = totals_of(job);
        for (;;) {
            TRY(const std::string lines, jobs_.report(job.id, part_));
            if (lines.empty()) break;
            TRY_VOID(tell(lines, totals.tally));
        }
        report_.expect({static_cast<std::uint64_t>(job.total.value_or(0)), totals.bytes_total});
        report_.progress(totals.tally);
        return {};
    }

private:
    Result<void> tell(std::string_view lines, const ImportTally& tally) {
        while (!lines.empty()) {
            const auto end = lines.find('\n');
            TRY(auto item, parse_report_line(lines.substr(0, end)));
            show_as_given(item);
            // As JSON what is counted is what was shown, also when the server goes away.
            ingest::count_outcome(shown_, item.result.outcome, item.result.size_bytes);
            report_.done(item.name, item.result,
                         report_.form() == ReportForm::Json ? shown_ : tally);
            if (end == std::string_view::npos) break;
            lines.remove_prefix(end + 1);
        }
        return {};
    }

    /// Also in the reason, where that names the file.
    void show_as_given(ReportedItem& item) const {
        std::string shown = names_.shown(item.name);
        if (item.result.error) {
            std::string& reason = item.result.error->message;
            const auto at = reason.find(item.name);
            if (at != std::string::npos) reason.replace(at, item.name.size(), shown);
        }
        item.name = std::move(shown);
    }

    ServerJobs& jobs_;
    const GivenNames& names_;
    ImportReport& report_;
    std::int64_t part_ = 0;
    ImportTally shown_;
};

ErrorCode code_named(std::string_view name) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::OutcomeUnknown); ++code) {
        if (name_of(ErrorCode(code)) == name) return ErrorCode(code);
    }
    return ErrorCode::Unavailable;
}

}  // namespace

Result<ReportedItem> parse_report_line(std::string_view line) {
    const auto wrong = [] {
        return fail(ErrorCode::InvalidInput, "the server's report has a line that is none");
    };
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(line).get(object) != simdjson::SUCCESS) return wrong();
    ReportedItem item;
    auto& result = item.result;
    std::string outcome;
    std::string reason;
    const std::pair<const char*, std::string*> texts[] = {
        {"file", &item.name},
        {"outcome", &outcome},
        {"study_instance_uid", &result.study_instance_uid},
        {"series_instance_uid", &result.series_instance_uid},
        {"sop_class_uid", &result.sop_class_uid},
        {"sop_instance_uid", &result.sop_instance_uid},
        {"image_set_id", &result.image_set_id},
        {"reason", &reason}};
    for (const auto& [name, text] : texts) {
        std::string_view value;
        if (object[name].get(value) == simdjson::SUCCESS) *text = value;
    }
    const auto known = ingest::parse_outcome(outcome);
    if (!known || object["size_bytes"].get(result.size_bytes) != simdjson::SUCCESS) {
        return wrong();
    }
    result.outcome = *known;
    if (!reason.empty()) result.error = Error{ErrorCode::InvalidInput, reason};
    return item;
}

GivenNames::GivenNames(const std::vector<std::filesystem::path>& paths) {
    for (const auto& path : paths) {
        const auto absolute = std::filesystem::absolute(path);
        absolute_.push_back(absolute.string());
        if (absolute == path) continue;
        prefixes_.emplace_back(absolute.string(), path.string());
        // It stands for files beside it.
        if (path.filename() == "DICOMDIR") {
            prefixes_.emplace_back(absolute.parent_path().string(),
                                   path.parent_path().string());
        }
    }
    // The most precise one first.
    std::ranges::stable_sort(prefixes_, std::ranges::greater{},
                             [](const auto& prefix) { return prefix.first.size(); });
}

std::string GivenNames::shown(const std::string& name) const {
    for (const auto& [absolute, given] : prefixes_) {
        if (!name.starts_with(absolute)) continue;
        std::string rest = name.substr(absolute.size());
        if (!rest.empty() && !absolute.ends_with('/') && rest[0] != '/' && rest[0] != '!') {
            continue;
        }
        if (given.empty() && rest.starts_with('/')) rest.erase(0, 1);
        return given + rest;
    }
    return name;
}

Result<ImportTally> import_through_server(const RunningServer& server,
                                          const std::vector<std::filesystem::path>& paths,
                                          ImportReport& report) {
    const GivenNames names(paths);
    ServerJobs jobs(server);
    TRY(const std::string parameters, parameters_of(names, report.form()));
    TRY(const auto created, jobs.create("import", parameters));
    Following following(jobs, names, report);
    const auto job = follow_job(jobs, created, OnSignal::Cancel,
                                [&](const JobView& now) { return following.changed(now); });
    if (!job) return tl::unexpected(job.error());
    if (job->state == "cancelled") {
        return fail(ErrorCode::Cancelled, "stopped before the end");
    }
    if (job->state == "failed") return fail(code_named(job->error_code), job->error_message);
    return totals_of(*job).tally;
}

}  // namespace larmor
