#include "index/lake/lake_target.h"

#include <algorithm>
#include <mutex>

#include "async/periodic.h"
#include "index/lake/commit.h"
#include "index/lake/look.h"
#include "index/lake/merge_policy.h"
#include "index/lake/repair.h"
#include "index/lake/scratch.h"
#include "index/lake/staging.h"
#include "index/lake/state.h"
#include "index/lake/sweep.h"
#include "observe/log.h"

namespace larmor::index::lake {
namespace {

/// Who loses against others so often comes back later, by its messages.
constexpr int kTriesMax = 8;

using Outcomes = std::vector<Result<Target::Applied>>;
using Documents = std::vector<const ImageSetDocument*>;

/// What another connection reads while a commit is under way.
struct Opened {
    std::unique_ptr<Engine> engine;
    std::unique_ptr<Engine> reader;
    Manifest manifest;  ///< whose rows the engine has
};

bool is_about_documents(ErrorCode code) {
    return code == ErrorCode::InvalidInput || code == ErrorCode::LimitExceeded ||
           code == ErrorCode::Corrupt;
}

class LakeTarget final : public Target {
public:
    /// `looked_at` is the same store with copies of its own, so that a check and a commit never
    /// wait for each other; null where it has none.
    LakeTarget(std::unique_ptr<Scratch> scratch, std::unique_ptr<Store> store,
               std::unique_ptr<Store> looked_at, LakeOptions options)
        : options_(std::move(options)),
          scratch_(std::move(scratch)),
          store_(std::move(store)),
          looked_at_(std::move(looked_at)),
          look_(looked_at_ ? *looked_at_ : *store_, options_, scratch_->path()),
          sweep_(*store_, options_.grace, *options_.clock),
          sweeping_("lake-sweep", options_.grace / 4, [this] { sweep(); }) {}
    ~LakeTarget() override { sweeping_.stop(); }

    Result<Wanted> wanted() override {
        // Documents are made while others are written.
        if (is_ready_) return wanted_;
        const std::lock_guard lock(mutex_);
        if (is_doubtful_) TRY_VOID(store_->probe());
        TRY_VOID(as_unavailable(open()));
        TRY_VOID(as_unavailable(publish()));
        is_doubtful_ = false;
        is_ready_ = true;
        return wanted_;
    }

    Result<bool> has_applied(std::string_view datastore_id, std::string_view image_set_id,
                             std::int64_t version) override {
        const std::lock_guard lock(reader_mutex_);
        if (!reader_ || !is_published_) return false;
        TRY(const auto applied,
            reader_->number(
                "SELECT version FROM image_set WHERE image_set_id = " +
                quoted_text(image_set_id) + " AND datastore_id = " + quoted_text(datastore_id) +
                " AND larmor_columns = " + std::to_string(columns_number(options_.levels))));
        return applied != 0 && applied >= version;
    }

    Result<Applied> apply(const ImageSetDocument& document) override {
        return apply_batch({&document, 1}).front();
    }

    BatchLimits batch_limits() const override { return options_.batch; }

    bool can_rehearse() const override { return true; }
    Result<void> rehearse(const ImageSetDocument& document) override {
        TRY_VOID(check_document(document, wanted_));
        const std::lock_guard lock(mutex_);
        TRY_VOID(as_unavailable(open()));
        auto& engine = *opened_.engine;
        TRY_VOID(stage(engine, Documents{&document}, options_.levels));
        TRY_VOID(engine.run("BEGIN"));
        auto rehearsed =
            as_unavailable(rehearse_staged(engine, scratch_->path() / "rehearsal.parquet"));
        if (!engine.run("ROLLBACK")) forget();
        return rehearsed;
    }

    Outcomes apply_batch(std::span<const ImageSetDocument> documents) override {
        const std::lock_guard lock(mutex_);
        Outcomes outcomes(documents.size(), Applied::Older);
        Documents good;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < documents.size(); ++i) {
            if (auto checked = check_document(documents[i], wanted_); !checked) {
                outcomes[i] = tl::unexpected(std::move(checked).error());
                continue;
            }
            good.push_back(&documents[i]);
            places.push_back(i);
        }
        auto applied = apply_good(good);
        for (std::size_t i = 0; i < good.size(); ++i) outcomes[places[i]] = applied[i];
        return outcomes;
    }

    Result<std::vector<std::string>> list_studies(std::string_view after,
                                                  std::size_t limit) override {
        return look_.list_studies(after, limit);
    }

    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies) override {
        return look_.compare(studies);
    }

    Result<Applied> repair(const StudyDocuments& study) override {
        const std::lock_guard lock(mutex_);
        for (int tries = 1;; ++tries) {
            auto done = repair_once(study);
            const bool was_second = !done && done.error().code == ErrorCode::Conflict;
            if (was_second && tries < kTriesMax) continue;
            // Who writes next opens the lake and publishes what may not be published yet.
            if (!done) is_ready_ = false;
            return as_unavailable(std::move(done));
        }
    }

private:
    Result<Applied> repair_once(const StudyDocuments& study) {
        TRY(const auto lock, store_->lock());
        const auto begun = options_.clock->uptime();
        TRY(const auto base, newest_manifest(*store_));
        std::vector<std::string> new_files;
        std::optional<Committed> made;
        auto committed = look_
                             .at(*store_, base,
                                 [&](Engine& engine) -> Result<void> {
                                     TRY(made, make_right(engine, *store_, base, study,
                                                          options_, new_files));
                                     return {};
                                 })
                             .map([&] { return made.value_or(Committed()); });
        if (committed && !made) return Applied::Older;
        if (committed && committed->manifest.number == base.number) return Applied::Written;
        if (committed) put_manifest(committed, begun);
        if (!committed) {
            remove_if_unused(new_files, committed.error());
            return tl::unexpected(std::move(committed).error());
        }
        // What was read of files that were changed by hand is not what they have.
        forget();
        store_->forget_copies();
        is_published_ = false;
        TRY_VOID(publish(std::move(committed->manifest)));
        return Applied::Written;
    }

    Outcomes apply_good(const Documents& documents) {
        if (documents.empty()) return {};
        const auto written = commit(documents);
        if (written) {
            Outcomes outcomes(documents.size(), Applied::Older);
            for (const auto place : *written) outcomes[place] = Applied::Written;
            return outcomes;
        }
        if (!is_about_documents(written.error().code) || documents.size() == 1) {
            return Outcomes(documents.size(), tl::unexpected(written.error()));
        }
        return one_by_one(documents);
    }

    /// One of them is what the engine does not take: the others do not wait for it. Where it
    /// takes none, the documents are not to blame.
    Outcomes one_by_one(const Documents& documents) {
        Outcomes outcomes;
        for (const auto* const one : documents) outcomes.push_back(apply_good({one}).front());
        if (std::ranges::none_of(outcomes, [](const auto& one) { return one.has_value(); })) {
            for (auto& outcome : outcomes) outcome.error().code = ErrorCode::Unavailable;
        }
        return outcomes;
    }

    /// The places of those that were written.
    Result<std::vector<std::size_t>> commit(const Documents& documents) {
        for (int tries = 1;; ++tries) {
            auto done = commit_once(documents);
            if (!done && done.error().code == ErrorCode::Conflict && tries < kTriesMax) {
                continue;
            }
            if (done) done = publish().map([&] { return *done; });
            auto outcome = as_unavailable(std::move(done));
            is_doubtful_ = !outcome && !is_about_documents(outcome.error().code) &&
                           outcome.error().code != ErrorCode::Conflict;
            is_ready_ = outcome.has_value();
            return outcome;
        }
    }

    Result<std::vector<std::size_t>> commit_once(const Documents& documents) {
        TRY_VOID(open());
        TRY(const auto lock, store_->lock());
        const auto begun = options_.clock->uptime();
        TRY_VOID(catch_up());
        TRY_VOID(stage(*opened_.engine, documents, options_.levels));
        std::vector<std::string> new_files;
        TRY_VOID(opened_.engine->run("BEGIN"));
        auto committed = write_staged(*opened_.engine, *store_, opened_.manifest, new_files,
                                      options_.file_rows_max);
        if (committed) put_manifest(committed, begun);
        if (!committed) return give_up(std::move(committed).error(), new_files);
        TRY_VOID(end_transaction("COMMIT"));
        opened_.manifest = std::move(committed->manifest);
        is_published_ = false;
        store_->forget_copies();
        return std::move(committed->written);
    }

    /// It is the commit. A manifest that another process put first is a Conflict. Files and
    /// manifests that are of no use are removed after the grace period: who takes longer might
    /// put a manifest into the place of one that was removed, which nobody would read.
    void put_manifest(Result<Committed>& committed, std::chrono::microseconds begun) {
        const auto is_late = [&] {
            return options_.clock->uptime() - begun > options_.grace / 2;
        };
        Result<void> put = fail(ErrorCode::Unavailable, "the lake is too slow to be changed");
        if (!is_late()) {
            put = store_->put_new(manifest_name(committed->manifest.number),
                                  to_json(committed->manifest));
            if (put && is_late()) {
                put = fail(ErrorCode::Unavailable, "the lake is too slow to be changed");
                forget();
            }
        }
        if (!put) committed = tl::unexpected(std::move(put).error());
    }

    tl::unexpected<Error> give_up(Error error, const std::vector<std::string>& new_files) {
        remove_if_unused(new_files, error);
        if (!opened_.engine || !end_transaction("ROLLBACK")) forget();
        return tl::unexpected(std::move(error));
    }

    void remove_if_unused(const std::vector<std::string>& new_files, const Error& error) {
        // Whether a manifest is there whose answer was lost is seen when it is read again.
        const bool is_known = error.code == ErrorCode::Conflict ||
                              error.code == ErrorCode::NoSpace ||
                              is_about_documents(error.code);
        if (is_known) static_cast<void>(store_->remove(new_files));
    }

    Result<void> end_transaction(const char* how) {
        // The other connection sees the state before or after.
        const std::lock_guard lock(reader_mutex_);
        return opened_.engine->run(how);
    }

    void forget() {
        const std::lock_guard lock(reader_mutex_);
        reader_ = nullptr;
        opened_.reader = nullptr;  // before the engine that it is of
        opened_ = {};
    }

    Result<void> open() {
        if (opened_.engine) return {};
        Opened opened;
        TRY(opened.engine, Engine::open({.scratch = scratch_->path() / "engine",
                                         .memory_max_bytes = options_.memory_max_bytes,
                                         .threads = options_.threads}));
        TRY_VOID(make_state(*opened.engine));
        TRY_VOID(make_staging(*opened.engine));
        TRY(opened.reader, opened.engine->connect());
        opened_ = std::move(opened);
        if (auto read = catch_up(); !read) {
            forget();
            return read;
        }
        is_published_ = false;
        const std::lock_guard lock(reader_mutex_);
        reader_ = opened_.reader.get();
        if (!is_sweeping_) sweeping_.start();
        is_sweeping_ = true;
        return {};
    }

    Result<void> catch_up() {
        TRY(auto newest, newest_manifest(*store_));
        if (newest.number == opened_.manifest.number) return {};
        TRY_VOID(follow(*opened_.engine, *store_, opened_.manifest, newest));
        opened_.manifest = std::move(newest);
        is_published_ = false;
        return {};
    }

    /// What readers read follows the newest manifest. Of two processes the one that puts the
    /// older one last sees the newer afterwards, and puts that.
    Result<void> publish() {
        return is_published_ ? Result<void>() : publish(opened_.manifest);
    }
    Result<void> publish(Manifest manifest) {
        while (manifest.number > 0) {
            TRY_VOID(store_->put(kPublicManifest, to_json(manifest)));
            TRY_VOID(store_->put(kPublicViews, views_of(manifest, store_->root())));
            TRY(auto newest, newest_manifest(*store_));
            if (newest.number == manifest.number) break;
            manifest = std::move(newest);
        }
        is_published_ = true;
        return {};
    }

    /// For who waits until the target is back.
    template <typename T>
    static Result<T> as_unavailable(Result<T> result) {
        if (!result && result.error().code == ErrorCode::NoSpace) {
            return fail(ErrorCode::Unavailable,
                        "there is no room for the lake: " + result.error().message);
        }
        return result;
    }

    void sweep() {
        // At once there is nothing that was of no use for long.
        if (!std::exchange(is_swept_, true)) return;
        const std::lock_guard lock(mutex_);
        if (const auto swept = sweep_.run(); !swept) {
            observe::log_warning("the lake could not be swept",
                                 {{"reason", swept.error().message}});
        }
    }

    const LakeOptions options_;
    const Wanted wanted_ = wanted_attributes(options_.levels);
    std::mutex mutex_;  ///< of all but what reader_mutex_ guards
    const std::unique_ptr<Scratch> scratch_;
    const std::unique_ptr<Store> store_;
    const std::unique_ptr<Store> looked_at_;
    Look look_;
    Opened opened_;
    bool is_doubtful_ = false;  ///< whether it can be written
    bool is_sweeping_ = false;
    std::mutex reader_mutex_;
    Engine* reader_ = nullptr;
    std::atomic<bool> is_published_ = false;
    std::atomic<bool> is_ready_ = false;  ///< it was open and took what it was given
    Sweep sweep_;
    bool is_swept_ = false;  ///< on the thread that sweeps
    async::Periodic sweeping_;
};

Result<std::unique_ptr<Store>> open_store(const std::string& place,
                                          const std::filesystem::path& copies) {
    constexpr std::string_view kFile = "file://";
    if (objects::s3::is_s3_address(place)) {
        TRY(const auto address, objects::s3::read_address(place));
        return open_bucket(address, copies);
    }
    if (place.starts_with(kFile)) return open_folder(place.substr(kFile.size()));
    if (place.find("://") != std::string::npos) {
        return fail(ErrorCode::InvalidInput,
                    "a lake lies in a folder or at s3://bucket/prefix, nowhere else");
    }
    return open_folder(place);
}

}  // namespace

Result<std::unique_ptr<Target>> open_lake(LakeOptions options) {
    TRY_VOID(Engine::check());
    TRY(auto scratch, Scratch::make(options.scratch));
    TRY(auto store, open_store(options.place, scratch->path() / "copies"));
    TRY(auto looked_at, open_store(options.place, scratch->path() / "looked-at"));
    return std::make_unique<LakeTarget>(std::move(scratch), std::move(store),
                                        std::move(looked_at), std::move(options));
}

Result<std::unique_ptr<Target>> open_lake_on(std::unique_ptr<Store> store,
                                             LakeOptions options) {
    TRY(auto scratch, Scratch::make(options.scratch));
    return std::make_unique<LakeTarget>(std::move(scratch), std::move(store), nullptr,
                                        std::move(options));
}

}  // namespace larmor::index::lake
