#include "larmor/live_settings.h"

#include <sstream>

#include "base/file.h"
#include "events/webhook_signature.h"
#include "observe/log.h"

namespace larmor {
namespace {

/// One a line; lines that are empty or begin with # are passed over.
Result<LiveSettings::Secrets> read_secrets(const std::filesystem::path& file) {
    LiveSettings::Secrets secrets;
    if (file.empty()) return secrets;
    TRY(const std::string text, read_file(file, 64 << 10));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        TRY(auto secret, events::parse_event_secret(line));
        secrets.push_back(std::move(secret));
    }
    return secrets;
}

}  // namespace

Result<std::unique_ptr<LiveSettings>> LiveSettings::read(const ServeRequest& request) {
    auto settings = std::unique_ptr<LiveSettings>(new LiveSettings);
    TRY(auto event_secrets, read_secrets(request.event_secrets));
    TRY(auto webhook_secrets, read_secrets(request.webhook_secrets));
    settings->event_secrets_->set(std::move(event_secrets));
    settings->webhook_secrets_->set(std::move(webhook_secrets));
    return settings;
}

Result<void> LiveSettings::apply(const ReadAgain& read, admission::Admission& admission) {
    TRY(auto event_secrets, read_secrets(read.serve->event_secrets));
    TRY(auto webhook_secrets, read_secrets(read.serve->webhook_secrets));
    TRY_VOID(configure_log(read.settings));
    event_secrets_->set(std::move(event_secrets));
    webhook_secrets_->set(std::move(webhook_secrets));
    admission.set_reserve(read.serve->disk_reserve.bytes);
    return {};
}

void LiveSettings::reload(const std::function<Result<ReadAgain>()>& read_again,
                          admission::Admission& admission) {
    const auto read = read_again();
    const auto applied = read ? apply(*read, admission) : tl::unexpected(read.error());
    if (applied) {
        observe::log_info("settings read again");
    } else {
        observe::log_error("settings stay as they were", {{"reason", applied.error().message}});
    }
}

}  // namespace larmor
