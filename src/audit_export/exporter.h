#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "audit/log.h"
#include "audit_export/syslog.h"

namespace larmor::audit_export {

struct ExporterOptions {
    SyslogTarget target;
    std::string source;                           ///< names this machine in every message
    std::chrono::milliseconds timeout{10'000};    ///< of connecting and of one write
    std::chrono::milliseconds retry_max{60'000};  ///< the longest wait after a failure
};

/// Sends every record of a trail to an audit record repository, oldest first, as a DICOM audit
/// message over syslog (PS3.15 sections A.5 and A.6), on a thread of its own. It reads the
/// trail's files, so nothing waits for it and nothing is lost while the repository is away or
/// this program is not running: `exported.json` beside the files says how far the other machine
/// has confirmed them. What it had not confirmed when a connection broke, or the program ended,
/// is sent again: a record may arrive twice, its number tells. (UDP confirms nothing: what the
/// network drops is lost.)
class Exporter {
public:
    /// `log` outlives it. Errors: InvalidInput for authorities that can't be read.
    static Result<std::unique_ptr<Exporter>> start(audit::Log& log, ExporterOptions options);
    /// Sends what is in the trail by now, if the repository takes it at once.
    ~Exporter();
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

private:
    class Worker;
    explicit Exporter(audit::Log& log, std::unique_ptr<Worker> worker);

    audit::Log& log_;
    std::unique_ptr<Worker> worker_;
};

}  // namespace larmor::audit_export
