#include "larmor/queue_service.h"

#include <simdjson.h>

#include "api/queue_acts.h"
#include "base/percent.h"
#include "larmor/open_service.h"

namespace larmor {
namespace {

class LocalQueues final : public QueueService {
public:
    explicit LocalQueues(std::unique_ptr<Library> library) : library_(std::move(library)) {}

    Result<std::string> list() override { return api::json_of_queues(library_->queues()); }
    Result<std::string> show(const std::string& name) override {
        return api::json_of_queue(library_->queues(), name);
    }
    Result<std::string> dead_letters(const std::string& name) override {
        TRY(auto json, api::json_of_dead_letters(library_->queues(), name, {}));
        TRY_VOID(record(audit::Action::QueueUse, name));
        return json;
    }
    Result<std::string> put(const std::string& name, const std::string& body) override {
        TRY(auto queue, api::put_queue(library_->queues(), name, body));
        TRY_VOID(record(audit::Action::QueueChange, name));
        return std::move(queue.json);
    }
    Result<std::int64_t> redrive(const std::string& name, const std::string& body) override {
        TRY(const auto count,
            api::redrive_letters(library_->database(), library_->queues(), name, body));
        TRY_VOID(record(audit::Action::QueueChange, name));
        return count;
    }
    Result<std::int64_t> purge(const std::string& name, const std::string& body) override {
        TRY(const auto count, api::purge_queue(library_->queues(), name, body));
        TRY_VOID(record(audit::Action::QueueChange, name));
        return count;
    }

private:
    Result<void> record(audit::Action action, const std::string& name) {
        audit::Entry entry;
        entry.action = action;
        entry.subject.object = name;
        return put_on_record(*library_, "queue", std::move(entry));
    }

    std::unique_ptr<Library> library_;
};

/// `/v1/queues` of a running server.
class RemoteQueues final : public QueueService {
public:
    explicit RemoteQueues(const RunningServer& server)
        : api_(server, std::chrono::minutes(10)) {}

    Result<std::string> list() override { return api_.call("GET", "/v1/queues"); }
    Result<std::string> show(const std::string& name) override {
        return api_.call("GET", path_of(name));
    }
    Result<std::string> dead_letters(const std::string& name) override {
        return api_.call("GET", path_of(name) + "/dead-letters");
    }
    Result<std::string> put(const std::string& name, const std::string& body) override {
        return api_.call("PUT", path_of(name), body);
    }
    Result<std::int64_t> redrive(const std::string& name, const std::string& body) override {
        return count_of(api_.call("POST", path_of(name) + "/redrive", body), "redriven");
    }
    Result<std::int64_t> purge(const std::string& name, const std::string& body) override {
        return count_of(api_.call("POST", path_of(name) + "/purge", body), "removed");
    }

private:
    static std::string path_of(const std::string& name) {
        return "/v1/queues/" + percent_encode(name);
    }
    static Result<std::int64_t> count_of(Result<std::string> answer, const char* member) {
        if (!answer) return tl::unexpected(std::move(answer).error());
        const simdjson::padded_string padded(*answer);
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        std::int64_t count = 0;
        if (parser.iterate(padded).get(document) || document[member].get(count)) {
            return unexpected_answer();
        }
        return count;
    }

    ServerApi api_;
};

}  // namespace

Result<std::unique_ptr<QueueService>> open_queue_service(const Settings& settings) {
    return open_service<QueueService, LocalQueues, RemoteQueues>(settings);
}

}  // namespace larmor
