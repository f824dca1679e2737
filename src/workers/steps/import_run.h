#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "async/cancel.h"
#include "async/completion.h"
#include "ingest/destination.h"
#include "ingest/import_paths.h"
#include "jobs/kind.h"
#include "workers/steps/import_parameters.h"

namespace larmor::workers {

/// An import at work: a thread walks and imports, and what is behind it in the order of the
/// walk is handed over piece by piece.
class ImportRun final : public jobs::Run, private ingest::ImportObserver {
public:
    ImportRun(std::unique_ptr<ingest::ImportInput> input, Report report,
              const ImportCheckpoint& from, std::unique_ptr<ingest::Destination> destination);
    /// Waits for the thread, which has ended where the rules of jobs::Run were kept.
    ~ImportRun() override;

    async::Task<Result<jobs::Piece>> next(async::CancelToken stop) override;

private:
    /// What is told since the last piece.
    struct Told {
        std::vector<jobs::ItemError> errors;
        std::string report;
        std::size_t items = 0;
        void append(Told&& later);
    };

    void done(const std::string& name, const ingest::ImportResult& result,
              const ingest::ImportTally& tally) override;
    void passed(const ingest::WalkPosition& next, const ingest::ImportTally& tally) override;
    bool should_stop() override;

    void work();
    /// False when it was stopped.
    Result<bool> count();
    void end(Result<void> outcome);
    async::Task<void> wait(async::CancelToken stop);
    jobs::Piece take();

    const std::unique_ptr<ingest::ImportInput> input_;
    const Report report_;
    const ImportCheckpoint from_;
    const std::unique_ptr<ingest::Destination> destination_;
    std::mutex mutex_;
    std::condition_variable taken_;
    bool is_stopped_ = false;
    bool was_cut_ = false;  ///< something is left to do
    bool has_ended_ = false;
    Result<void> outcome_;  ///< of the thread
    std::optional<async::Alarm> waiting_;
    async::Completion<> ended_;
    ImportCheckpoint reached_;     ///< where the next piece ends
    ingest::ImportTally current_;  ///< of everything told
    Told told_;                    ///< up to `reached_`
    Told not_passed_;              ///< behind it
    std::thread thread_;           ///< last: uses all of the above
};

}  // namespace larmor::workers
