#include "api/image_set_acts.h"

#include <map>

namespace larmor::api {

using catalog::PlacedImageSet;

AuditNote note_of(const PlacedImageSet& placed) {
    AuditNote note;
    auto& subject = note.subjects.emplace_back();
    subject.patient_id = placed.patient_id;
    subject.study = placed.study_instance_uid;
    subject.series = placed.series_instance_uid;
    subject.object = placed.image_set.id;
    subject.instances = static_cast<std::uint64_t>(placed.number_of_instances);
    return note;
}

AuditNote note_of(const std::vector<PlacedImageSet>& edited) {
    if (edited.size() == 1) return note_of(edited.front());
    std::map<std::string, audit::Subject> studies;
    for (const PlacedImageSet& placed : edited) {
        auto& subject = studies[placed.study_instance_uid];
        subject.patient_id = placed.patient_id;
        subject.study = placed.study_instance_uid;
        subject.instances += static_cast<std::uint64_t>(placed.number_of_instances);
    }
    AuditNote note;
    for (auto& [uid, subject] : studies) note.subjects.push_back(std::move(subject));
    return note;
}

http::Task<EditOutcome> run_edit(ContextPtr context, ImageSetEdit edit) {
    const auto& services = context->services;
    co_return co_await services.database.write([&](db::Transaction& tx) -> EditOutcome {
        TRY(auto sets, edit(services.catalog, tx));
        // Before anybody hears of the edit, nobody finds what was before it in memory.
        for (const PlacedImageSet& placed : sets) {
            tx.on_commit(
                [&, row = placed.image_set.row, version = placed.image_set.latest_version] {
                    context->edited.note(row, version);
                });
        }
        return sets;
    });
}

http::Task<Result<catalog::Deletion>> run_image_set_deletion(ContextPtr context, std::string id,
                                                             std::string deleted_by) {
    const auto& services = context->services;
    const Time expires = services.clock.now() + context->options.delete_keep;
    co_return co_await services.database.write([&](db::Transaction& tx) {
        // As for every other deletion.
        tx.on_commit([&] { context->forget_all(); });
        return services.catalog.delete_image_set(tx, id, deleted_by, expires);
    });
}

}  // namespace larmor::api
