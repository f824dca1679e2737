#include "audit_export/exporter.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "async/executor.h"
#include "async/retry.h"
#include "audit_export/follower.h"
#include "audit_export/message.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace larmor::audit_export {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::string_view kPositionFile = "exported.json";
/// Nothing tells when the other machine's kernel has confirmed the last bytes but a look.
constexpr std::chrono::milliseconds kLookAgainAfter{200};
/// Writing the position costs two syncs.
constexpr std::chrono::seconds kSaveEvery{1};

}  // namespace

class Exporter::Worker {
public:
    Worker(std::filesystem::path folder, ExporterOptions options,
           std::unique_ptr<SyslogSender> sender)
        : folder_(std::move(folder)),
          options_(std::move(options)),
          sender_(std::move(sender)),
          follower_(folder_),
          confirmed_(audit::read_anchor(folder_, kPositionFile)) {
        follower_.seek(confirmed_);
    }

    void start() {
        thread_ = std::thread([this] {
            async::name_this_thread("audit-export");
            run();
        });
    }
    void wake() {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

private:
    void run() {
        for (bool stopping = false; !stopping;) {
            const auto sent = send_on();
            if (!sent) note_failure(sent.error());
            stopping = sent ? wait_for_more() : wait_after_failure();
        }
        // What came with the end of the program; one that does not answer is not waited for.
        if (failures_ == 0 && send_on()) save();
    }

    Result<void> send_on() {
        TRY_VOID(follower_.read_on([&](const audit::Record& record) -> Result<void> {
            TRY_VOID(sender_->send(syslog_message(audit_message(record, options_.source),
                                                  record.time, options_.source)));
            sent_.add();
            return {};
        }));
        if (sender_->arrival() == http::Arrival::Broken && follower_.position() != confirmed_) {
            return fail(ErrorCode::Unavailable, "the connection broke");
        }
        if (failures_ > 0) observe::log_info("audit export goes on");
        failures_ = 0;
        up_.set(1);
        if (Steady::now() >= save_at_) save();
        return {};
    }

    /// Keeps how far the other machine has confirmed everything, once it has.
    void save() {
        if (follower_.position() == confirmed_ || !follower_.position() ||
            sender_->arrival() != http::Arrival::All) {
            return;
        }
        save_at_ = Steady::now() + kSaveEvery;
        if (const auto saved =
                audit::write_anchor(folder_, *follower_.position(), kPositionFile);
            !saved) {
            observe::log_warning("the place of the audit export was not kept",
                                 {{"reason", saved.error().message}});
            return;
        }
        confirmed_ = follower_.position();
    }

    void note_failure(const Error& error) {
        if (failures_++ == 0) {
            observe::log_warning("audit export: the repository does not take records",
                                 {{"reason", error.message}});
        }
        failed_.add();
        up_.set(0);
        follower_.seek(confirmed_);
    }

    /// True when the exporter is to stop.
    bool wait_for_more() {
        std::unique_lock lock(mutex_);
        const auto ready = [&] { return woken_ || stopping_; };
        if (follower_.position() == confirmed_) {
            changed_.wait(lock, ready);
        } else {
            changed_.wait_for(lock, kLookAgainAfter, ready);
        }
        woken_ = false;
        return stopping_;
    }
    bool wait_after_failure() {
        const async::RetryOptions retry{.delay_first = std::chrono::seconds(1),
                                        .delay_max = options_.retry_max};
        const auto delay = async::backoff_delay(retry, failures_, async::random_unit());
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, delay, [&] { return stopping_; });
        return stopping_;
    }

    const std::filesystem::path folder_;
    const ExporterOptions options_;
    std::unique_ptr<SyslogSender> sender_;
    Follower follower_;
    std::optional<audit::Anchor> confirmed_;
    unsigned failures_ = 0;  ///< one after the other
    Steady::time_point save_at_{};
    observe::Counter& sent_ = observe::metrics().counter(
        "larmor_audit_exported_total", "Audit records handed to the repository");
    observe::Counter& failed_ = observe::metrics().counter("larmor_audit_export_failures_total",
                                                           "Failures to send audit records");
    observe::Gauge& up_ = observe::metrics().gauge(
        "larmor_audit_export_up", "1 while the audit record repository takes records");
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

Exporter::Exporter(audit::Log& log, std::unique_ptr<Worker> worker)
    : log_(log), worker_(std::move(worker)) {}

Result<std::unique_ptr<Exporter>> Exporter::start(audit::Log& log, ExporterOptions options) {
    TRY(auto sender, make_syslog_sender(options.target, options.timeout));
    auto worker = std::make_unique<Worker>(log.folder(), std::move(options), std::move(sender));
    log.watch([raw = worker.get()] { raw->wake(); });
    worker->start();
    return std::unique_ptr<Exporter>(new Exporter(log, std::move(worker)));
}

Exporter::~Exporter() {
    log_.watch({});
    worker_->stop();
}

}  // namespace larmor::audit_export
