#include "reassembly/run/restore_archives.h"

namespace larmor::reassembly::run {
namespace {

std::vector<restore::ColdObject> cold_archives(const Report::Archives& archives,
                                               const std::optional<Checkpoint>& before) {
    std::vector<restore::ColdObject> objects;
    for (const auto side : {Side::Metadata, Side::Image}) {
        const auto& of_side = side == Side::Image ? archives.images : archives.metadata;
        for (std::uint32_t number = 0; number < of_side.size(); ++number) {
            const auto& archive = of_side[number];
            const bool is_done = before && before->archive(side, number).attempt > 0;
            if (!archive.is_cold || is_done) continue;
            objects.push_back({.bucket = archive.bucket,
                               .name = archive.name,
                               .size_bytes = archive.size_bytes,
                               .group = static_cast<unsigned>(side),
                               .number = number});
        }
    }
    return objects;
}

}  // namespace

Result<std::unique_ptr<restore::Restores>> restore_archives(
    const Request& request, const Report::Archives& archives,
    const std::optional<Checkpoint>& before, Progress& progress) {
    auto objects = cold_archives(archives, before);
    if (objects.empty()) return nullptr;
    if (request.restore_options) {
        return std::make_unique<restore::Restores>(std::move(objects), *request.restore_options,
                                                   progress.restores);
    }
    TRY(const auto unreadable, restore::find_unreadable(objects));
    if (unreadable.empty()) return nullptr;
    const auto& first = objects[unreadable.front()];
    const auto& side =
        first.group == static_cast<unsigned>(Side::Image) ? archives.images : archives.metadata;
    return fail(ErrorCode::Unavailable,
                std::to_string(unreadable.size()) + " of " +
                    std::to_string(archives.metadata.size() + archives.images.size()) +
                    " archives lie in a cold tier, the first is " + side[first.number].key +
                    ": each has to be restored first, by this run where it is told the tier "
                    "to restore from (--restore), or by somebody else");
}

}  // namespace larmor::reassembly::run
