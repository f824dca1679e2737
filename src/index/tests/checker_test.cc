#include "index/checker.h"

#include "async/sync_wait.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"

namespace larmor::index {
namespace {

using namespace ingest::testing_files;
using ::testing::IsEmpty;

/// Has nothing of a study but one row that differs, for so many looks.
class DifferingTarget final : public Target {
public:
    Result<Wanted> wanted() override { return Wanted{.tags = {}, .labels = true}; }
    Result<bool> has_applied(std::string_view /*datastore_id*/, std::string_view /*id*/,
                             std::int64_t /*version*/) override {
        return false;
    }
    Result<Applied> apply(const ImageSetDocument& /*document*/) override {
        return Applied::Written;
    }
    Result<std::vector<std::string>> list_studies(std::string_view /*after*/,
                                                  std::size_t /*limit*/) override {
        return std::vector<std::string>();
    }
    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies) override {
        meanwhile();
        if (looks-- <= 0) return std::vector<Drift>();
        const auto& uid = studies.front().study_instance_uid;
        return std::vector<Drift>{{.study_instance_uid = uid, .table = "tag", .different = 1}};
    }

    int looks = 0;
    std::function<void()> meanwhile = [] {};  ///< what somebody does before it answers
};

class CheckerTest : public ::testing::Test {
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
        image_set_ = sets.value().at(0).id;
    }

    void put_tag(const std::string& value) {
        const auto put = library_->database().write_and_wait([&](db::Transaction& tx) {
            return library_->catalog().put_tags(tx, image_set_, {{"ward", value}});
        });
        ASSERT_TRUE(put) << put.error().message;
    }

    Checker::Page check() {
        const DocumentSource source(library_->database(), library_->store(),
                                    library_->catalog());
        const Checker checker({.database = library_->database(),
                               .catalog = library_->catalog(),
                               .source = source,
                               .target = target_,
                               .has_passed = [](events::Position) { return true; },
                               .should_stop = [] { return false; }},
                              Checker::Repair::No);
        auto page = checker.check_some("");
        EXPECT_TRUE(page) << page.error().message;
        return page.value_or(Checker::Page());
    }

    TemporaryFolder folder_;
    std::unique_ptr<Library> library_;
    std::string image_set_;
    DifferingTarget target_;
};

}  // namespace

TEST_F(CheckerTest, NamesWhatDiffersTwiceInTheSameWay) {
    target_.looks = 3;
    const auto page = check();
    ASSERT_EQ(page.drift.size(), 1);
    EXPECT_EQ(page.drift[0].table, "tag");
    EXPECT_EQ(page.unsettled, 0);
}

// They make no version.
TEST_F(CheckerTest, LooksAgainWhereUsersPutSomethingToAnImageSetMeanwhile) {
    target_.looks = 4;
    target_.meanwhile = [&] { put_tag(std::to_string(target_.looks)); };
    const auto page = check();
    EXPECT_THAT(page.drift, IsEmpty());
    EXPECT_EQ(page.unsettled, 0);
}

}  // namespace larmor::index
