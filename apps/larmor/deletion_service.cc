#include "larmor/deletion_service.h"

#include <simdjson.h>

#include "base/percent.h"
#include "larmor/open_service.h"

namespace larmor {
namespace {

/// Of one answer of the server, and of one read of the library.
constexpr std::size_t kPage = 1000;

class LocalDeletions final : public DeletionService {
public:
    explicit LocalDeletions(std::unique_ptr<Library> library) : library_(std::move(library)) {}

    Result<std::vector<DeletionLine>> list() override {
        std::vector<DeletionLine> lines;
        for (;;) {
            TRY(const auto page, library_->database().read([&](db::Snapshot& snapshot) {
                return library_->catalog().list_deletions(snapshot, lines.size(), kPage);
            }));
            for (const auto& deletion : page) {
                lines.push_back({.id = deletion.id,
                                 .study_instance_uid = deletion.study_instance_uid,
                                 .series_instance_uid = deletion.series_instance_uid,
                                 .sop_instance_uid = deletion.sop_instance_uid,
                                 .deleted = to_iso8601(deletion.deleted),
                                 .expires = to_iso8601(deletion.expires),
                                 .instances = deletion.number_of_instances});
            }
            if (page.size() < kPage) break;
        }
        audit::Entry entry;
        entry.action = audit::Action::Query;
        TRY_VOID(put_on_record(*library_, "deleted", std::move(entry)));
        return lines;
    }
    Result<Recovered> recover(const std::string& id) override {
        TRY(const auto recovery, library_->database().write_and_wait([&](db::Transaction& tx) {
            return library_->catalog().recover(tx, id, [&](objects::ObjectId object) {
                return library_->store().remove(tx, object);
            });
        }));
        TRY_VOID(put_on_record(*library_, "deleted", entry_of(recovery.deletion, "recovered")));
        return Recovered{recovery.recovered, recovery.kept};
    }
    Result<void> purge(const std::string& id) override {
        TRY(const auto deletion, library_->database().read([&](db::Snapshot& snapshot) {
            return library_->catalog().find_deletion(snapshot, id);
        }));
        TRY_VOID(put_on_record(*library_, "deleted", entry_of(deletion, "removed for good")));
        TRY_VOID(library_->purger().purge(id));
        return {};
    }

private:
    static audit::Entry entry_of(const catalog::Deletion& deletion, std::string detail) {
        audit::Entry entry;
        entry.action = audit::Action::Delete;
        entry.subject.patient_id = deletion.patient_id;
        entry.subject.study = deletion.study_instance_uid;
        entry.subject.series = deletion.series_instance_uid;
        entry.subject.instance = deletion.sop_instance_uid;
        entry.subject.object = deletion.id;
        entry.detail = std::move(detail);
        return entry;
    }

    std::unique_ptr<Library> library_;
};

/// `/v1/deletions` of a running server.
class RemoteDeletions final : public DeletionService {
public:
    explicit RemoteDeletions(const RunningServer& server)
        : api_(server, std::chrono::minutes(10)) {}

    Result<std::vector<DeletionLine>> list() override {
        std::vector<DeletionLine> lines;
        for (;;) {
            TRY(const auto answer,
                api_.call("GET", "/v1/deletions?offset=" + std::to_string(lines.size())));
            TRY(const std::size_t more, append_lines(answer, lines));
            if (more < kPage) return lines;
        }
    }
    Result<Recovered> recover(const std::string& id) override {
        TRY(const auto answer,
            api_.call("POST", "/v1/deletions/" + percent_encode(id) + "/recover"));
        const simdjson::padded_string padded(answer);
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        Recovered recovered;
        if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
            document.find_field_unordered("recovered").get(recovered.recovered) !=
                simdjson::SUCCESS ||
            document.find_field_unordered("kept").get(recovered.kept) != simdjson::SUCCESS) {
            return unexpected_answer();
        }
        return recovered;
    }
    Result<void> purge(const std::string& id) override {
        TRY_VOID(api_.call("DELETE", "/v1/deletions/" + percent_encode(id)));
        return {};
    }

private:
    /// Gives how many there were.
    static Result<std::size_t> append_lines(const std::string& json,
                                            std::vector<DeletionLine>& lines) {
        const simdjson::padded_string padded(json);
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        simdjson::ondemand::array array;
        if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
            document.get_array().get(array) != simdjson::SUCCESS) {
            return unexpected_answer();
        }
        std::size_t count = 0;
        for (auto element : array) {
            simdjson::ondemand::object object;
            DeletionLine line;
            if (element.get_object().get(object) != simdjson::SUCCESS ||
                object.find_field_unordered("instances").get(line.instances) !=
                    simdjson::SUCCESS) {
                return unexpected_answer();
            }
            const std::pair<const char*, std::string*> members[] = {
                {"id", &line.id},
                {"study_instance_uid", &line.study_instance_uid},
                {"series_instance_uid", &line.series_instance_uid},
                {"sop_instance_uid", &line.sop_instance_uid},
                {"deleted", &line.deleted},
                {"expires", &line.expires}};
            for (const auto& [key, value] : members) {
                std::string_view text;
                if (object.find_field_unordered(key).get(text) == simdjson::SUCCESS) {
                    *value = text;
                }
            }
            lines.push_back(std::move(line));
            ++count;
        }
        return count;
    }

    ServerApi api_;
};

}  // namespace

Result<std::unique_ptr<DeletionService>> open_deletion_service(const Settings& settings) {
    return open_service<DeletionService, LocalDeletions, RemoteDeletions>(settings);
}

}  // namespace larmor
