#include "workers/steps/index_image_set.h"

#include "async/sync_wait.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"

namespace larmor::workers {
namespace {

using namespace ingest::testing_files;

/// A target that does what it is told, and remembers what it was given.
class ToldTarget final : public index::Target {
public:
    Result<index::Wanted> wanted() override {
        if (is_failing_) return tl::unexpected(*error);
        return index::Wanted{};
    }
    Result<bool> has_applied(std::string_view /*datastore_id*/, std::string_view /*id*/,
                             std::int64_t /*version*/) override {
        return false;
    }
    Result<Applied> apply(const index::ImageSetDocument& document) override {
        if (error) {
            is_failing_ = true;
            return tl::unexpected(*error);
        }
        given.push_back(document);
        return Applied::Written;
    }

    index::BatchLimits batch_limits() const override { return limits; }
    bool can_rehearse() const override { return rehearses; }
    Result<void> rehearse(const index::ImageSetDocument& document) override {
        rehearsed.push_back(document.image_set_id);
        return {};
    }

    std::optional<Error> error;  ///< of writing, then of everything
    std::vector<index::ImageSetDocument> given;
    index::BatchLimits limits;
    bool rehearses = false;
    std::vector<std::string> rehearsed;

private:
    std::atomic<bool> is_failing_ = false;  ///< is asked from another thread
};

class IndexImageSetTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto opened = Library::open({.folder = folder_.path() / "library"});
        ASSERT_TRUE(opened) << opened.error().message;
        library_ = *std::move(opened);
        const std::string content = content_of(ct_small());
        const auto imported =
            async::sync_wait(library_->importer().import_bytes(as_bytes(content)));
        ASSERT_EQ(imported.outcome, ingest::Outcome::Stored);
        const auto sets = library_->database().read([&](db::Snapshot& snapshot) {
            return library_->catalog().list_image_sets(snapshot, catalog::ImageSetRow{}, 1);
        });
        changed_ = {.image_set_id = sets.value().at(0).id, .version = 1};
        queue_ = library_->queues().create("index-told", {}).value();
    }

    /// What becomes of a message that says so.
    Result<Verdict> run(ToldTarget& target) {
        step_ = std::make_unique<IndexImageSet>(
            IndexImageSet::Services{library_->database(), library_->store(),
                                    library_->catalog(), target, *queue_},
            1);
        queue::Message message;
        message.body = index::to_body(changed_);
        message.suspect = is_suspect_;
        message.start_count = 2;
        return async::sync_wait(step_->run(std::move(message), {}));
    }

    TemporaryFolder folder_;
    std::unique_ptr<Library> library_;
    queue::Queue* queue_ = nullptr;
    index::ImageSetChanged changed_;
    bool is_suspect_ = false;
    std::unique_ptr<IndexImageSet> step_;
};

}  // namespace

TEST_F(IndexImageSetTest, WritesTheImageSetOfTheMessage) {
    ToldTarget target;
    const auto verdict = run(target);
    ASSERT_TRUE(verdict) << verdict.error().message;
    EXPECT_TRUE(std::holds_alternative<Done>(*verdict));
    ASSERT_EQ(target.given.size(), 1);
    EXPECT_EQ(target.given[0].image_set_id, changed_.image_set_id);
    EXPECT_TRUE(step_->may_receive());
    step_.reset();
}

TEST_F(IndexImageSetTest, SaysWhatIsToBeWrittenAgain) {
    ToldTarget target;
    for (const bool is_again : {false, true}) {
        changed_.is_again = is_again;
        ASSERT_TRUE(run(target));
        EXPECT_EQ(target.given.back().is_again, is_again);
    }
    step_.reset();
}

TEST_F(IndexImageSetTest, TriesOneWhoseWorkerWasLostOutWhereItsTargetCan) {
    is_suspect_ = true;
    for (const bool can : {false, true}) {
        ToldTarget target;
        target.limits.documents_max = 10;
        target.rehearses = can;
        const auto verdict = run(target);
        ASSERT_TRUE(verdict) << verdict.error().message;
        EXPECT_EQ(std::holds_alternative<Retry>(*verdict), can);
        EXPECT_EQ(target.rehearsed.size(), can ? 1 : 0);
        EXPECT_EQ(target.given.size(), can ? 0 : 1);
        step_.reset();
    }
}

TEST_F(IndexImageSetTest, WaitsForATargetThatIsDownOrFullOrRefusesIt) {
    for (const ErrorCode code : {ErrorCode::Unavailable, ErrorCode::NoSpace, ErrorCode::Denied,
                                 ErrorCode::Unauthenticated}) {
        ToldTarget target;
        target.error = Error{code, "not now"};
        const auto verdict = run(target);
        ASSERT_FALSE(verdict) << name_of(code);
        EXPECT_EQ(verdict.error().code, ErrorCode::Unavailable) << name_of(code);
        EXPECT_EQ(verdict.error().message, "not now");
        EXPECT_FALSE(step_->may_receive()) << name_of(code);
        step_.reset();
    }
}

TEST_F(IndexImageSetTest, DoesNotWaitWhereTheDocumentIsWrong) {
    for (const ErrorCode code :
         {ErrorCode::InvalidInput, ErrorCode::LimitExceeded, ErrorCode::Conflict}) {
        ToldTarget target;
        target.error = Error{code, "not this one"};
        const auto verdict = run(target);
        ASSERT_FALSE(verdict) << name_of(code);
        EXPECT_EQ(verdict.error().code, code);
        EXPECT_TRUE(step_->may_receive()) << name_of(code);
        step_.reset();
    }
}

}  // namespace larmor::workers
