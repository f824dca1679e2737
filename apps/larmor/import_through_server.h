#pragma once
#include <filesystem>
#include <vector>

#include "ingest/import_paths.h"
#include "larmor/import_report.h"
#include "larmor/running_server.h"

namespace larmor {

/// Imports what the paths name as a job of the server that has the library open, and tells the
/// report how it goes. The server reads the files, as the user that it runs as. SIGINT and
/// SIGTERM cancel the job. Errors: what made it fail; Cancelled; Unavailable when the server
/// went away: then the job goes on where it was when it starts again.
Result<ingest::ImportTally> import_through_server(
    const RunningServer& server, const std::vector<std::filesystem::path>& paths,
    ImportReport& report);

/// A line of a job's report, as json_line wrote it. Errors: InvalidInput.
struct ReportedItem {
    std::string name;
    ingest::ImportResult result;
};
Result<ReportedItem> parse_report_line(std::string_view line);

/// Names as they were given: a job knows absolute ones.
class GivenNames {
public:
    explicit GivenNames(const std::vector<std::filesystem::path>& paths);
    const std::vector<std::string>& absolute() const { return absolute_; }
    std::string shown(const std::string& name) const;

private:
    std::vector<std::string> absolute_;
    std::vector<std::pair<std::string, std::string>> prefixes_;  ///< absolute, as given
};

}  // namespace larmor
