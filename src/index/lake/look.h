#pragma once
#include <functional>
#include <mutex>

#include "index/lake/laid_down.h"
#include "index/lake/lake_target.h"

namespace larmor::index::lake {

/// Looks at the lake as it lies there, for a check: nothing counts that a writer remembers of
/// it, and nobody who writes waits. Its engine is made for the first look and is kept, since
/// that takes longer than a look at a small lake. Safe from any thread: one looks at a time.
class Look {
public:
    /// `store` and `options` outlive it; nobody else reads copies of `store` where it has some.
    Look(Store& store, const LakeOptions& options, std::filesystem::path scratch)
        : store_(store), options_(options), scratch_(std::move(scratch)) {}

    /// As Target has them.
    Result<std::vector<std::string>> list_studies(std::string_view after, std::size_t limit);
    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies);

    /// With an engine that looks at a manifest in a store, until `work` is done.
    Result<void> at(Store& store, const Manifest& manifest,
                    const std::function<Result<void>(Engine&)>& work);

private:
    Result<void> at_newest(const std::function<Result<void>(Engine&)>& work);
    Result<void> look(Store& store, const Manifest& manifest,
                      const std::function<Result<void>(Engine&)>& work);

    std::mutex mutex_;  ///< of the engine, and of copies in the store
    Store& store_;
    const LakeOptions& options_;
    const std::filesystem::path scratch_;
    std::unique_ptr<Engine> engine_;
};

}  // namespace larmor::index::lake
