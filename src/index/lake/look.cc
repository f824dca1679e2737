#include "index/lake/look.h"

#include "index/lake/compare.h"
#include "index/lake/sweep.h"

namespace larmor::index::lake {

Result<std::vector<std::string>> Look::list_studies(std::string_view after, std::size_t limit) {
    std::vector<std::string> uids;
    TRY_VOID(at_newest([&](Engine& engine) -> Result<void> {
        TRY(uids, studies_in(engine, after, limit));
        return {};
    }));
    return uids;
}

Result<std::vector<Drift>> Look::compare(std::span<const StudyDocuments> studies) {
    std::vector<Drift> drift;
    TRY_VOID(at_newest([&](Engine& engine) -> Result<void> {
        TRY(drift, lake::compare(engine, studies, options_.levels));
        return {};
    }));
    return drift;
}

Result<void> Look::at(Store& store, const Manifest& manifest,
                      const std::function<Result<void>(Engine&)>& work) {
    const std::lock_guard lock(mutex_);
    return look(store, manifest, work);
}

Result<void> Look::at_newest(const std::function<Result<void>(Engine&)>& work) {
    const std::lock_guard lock(mutex_);
    store_.forget_copies();
    TRY(const auto manifest, newest_manifest(store_));
    return look(store_, manifest, work);
}

Result<void> Look::look(Store& store, const Manifest& manifest,
                        const std::function<Result<void>(Engine&)>& work) {
    TRY_VOID(store.forget_changed());
    if (!engine_) {
        TRY(engine_, open_look({.scratch = scratch_ / "look",
                                .memory_max_bytes = options_.memory_max_bytes / 2,
                                .threads = options_.threads}));
    }
    auto looked = look_at(*engine_, store, manifest);
    if (looked) looked = work(*engine_);
    if (looked) looked = take_up(*engine_);
    // What an error leaves behind is nobody's concern.
    if (!looked) engine_ = nullptr;
    return looked;
}

}  // namespace larmor::index::lake
