#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>

#include "db/database.h"

namespace larmor::db::testing {

/// The real database behind a line that fails on a seeded schedule. What it does to a write is
/// one of: refused before it runs; run and rolled back; committed and reported as an error;
/// committed and reported as an error late; late only. The errors are Unavailable, which tells
/// the caller nothing.
class FaultyDatabase final : public Database {
public:
    struct Options {
        std::uint32_t seed = 1;
        unsigned faults_of_100 = 20;  ///< of so many writes
        /// Called where something is late: time passes. Any thread.
        std::function<void()> be_late;
    };

    /// `real` must outlive it.
    FaultyDatabase(Database& real, Options options)
        : real_(real), options_(std::move(options)), random_(options_.seed) {}

    /// Off at first.
    void set_faults(bool on) { on_ = on; }
    std::uint64_t faults() const { return faults_; }

    void submit(WriteRequest& request) override {
        const Fault fault = draw();
        if (fault == Fault::None) return real_.submit(request);
        ++faults_;
        if (fault == Fault::Refused) return request.done(unavailable("was not taken"));
        if (fault == Fault::LateBefore) options_.be_late();
        auto* faulty = new FaultyRequest(*this, request, fault);  // gone when it is done
        real_.submit(*faulty);
    }
    void before_commit(std::function<Result<void>(Transaction&)> hook) override {
        real_.before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const MigrationSet> sets) override {
        return real_.migrate(sets);
    }
    WriterStats stats() const override { return real_.stats(); }

protected:
    Result<void> with_snapshot(const std::function<void(Snapshot&)>& f) override {
        return real_.read([&](Snapshot& snapshot) -> Result<void> {
            f(snapshot);
            return {};
        });
    }

private:
    enum class Fault {
        None,
        Refused,
        RolledBack,
        LostReply,
        LostReplyLate,
        LateBefore,
        LateAfter
    };

    static Result<void> unavailable(const char* what) {
        return fail(ErrorCode::Unavailable, std::string("fault: the write ") + what);
    }
    Fault draw() {
        if (!on_) return Fault::None;
        const std::lock_guard lock(mutex_);
        if (random_() % 100 >= options_.faults_of_100) return Fault::None;
        return static_cast<Fault>(1 + random_() % 6);
    }

    class FaultyRequest final : public WriteRequest {
    public:
        FaultyRequest(FaultyDatabase& owner, WriteRequest& request, Fault fault)
            : owner_(owner), request_(request), fault_(fault) {}
        Result<void> run(Transaction& tx) override {
            TRY_VOID(request_.run(tx));
            if (fault_ == Fault::RolledBack) return unavailable("was rolled back");
            return {};
        }
        void done(Result<void> outcome) override {
            const std::unique_ptr<FaultyRequest> self(this);
            const bool late = fault_ == Fault::LostReplyLate || fault_ == Fault::LateAfter;
            if (late) owner_.options_.be_late();
            const bool lost = fault_ == Fault::LostReply || fault_ == Fault::LostReplyLate;
            if (outcome && lost) outcome = unavailable("has lost its reply");
            request_.done(std::move(outcome));
        }

    private:
        FaultyDatabase& owner_;
        WriteRequest& request_;
        const Fault fault_;
    };

    Database& real_;
    const Options options_;
    std::atomic<bool> on_{false};
    std::atomic<std::uint64_t> faults_{0};
    std::mutex mutex_;
    std::minstd_rand random_;
};

}  // namespace larmor::db::testing
