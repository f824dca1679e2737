// Processes of their own write one lake, in a folder and in S3, and are killed in the middle of
// it. What a process was told is written is in the lake, once, whatever happened afterwards.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/ids.h"
#include "index/lake/lake_target.h"
#include "index/lake/state.h"
#include "index/lake/sweep.h"
#include "index/lake/tests/given.h"
#include "objects/tests/s3_server.h"

namespace larmor::index::lake {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

/// Of one series each, in three studies.
Given image_set(int number) {
    const std::string study = "1.2." + std::to_string(number % 3);
    const std::string series = study + "." + std::to_string(number);
    return {.id = std::to_string(100 + number) + std::string(29, 'x'),
            .sequence = number + 1,
            .study = study,
            .series = series,
            .instances = {series + ".1", series + ".2"}};
}

/// When a writer kills itself: so long after it wrote so many, which is in the middle of the
/// next one. Another process would be too late now and then.
struct Kill {
    int after = 0;
    std::chrono::milliseconds later{0};
};

/// A process that writes image sets, a commit each, and says so for each.
class Writer {
public:
    Writer(const LakeOptions& options, int first, int last, std::optional<Kill> kill) {
        LARMOR_CHECK(::pipe(ends_.data()) == 0);
        pid_ = ::fork();
        LARMOR_CHECK(pid_ >= 0);
        if (pid_ == 0) {
            // On a thread of its own: ids that were drawn ahead would be those of its parent.
            int code = 0;
            std::thread([&] { code = write(options, first, last, kill); }).join();
            ::_exit(code);
        }
        ::close(ends_[1]);
    }
    ~Writer() { ::close(ends_[0]); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// How many it has written at its end, which was as `status` says (waitpid).
    int end(int& status) {
        int written = 0;
        char byte = 0;
        while (::read(ends_[0], &byte, 1) == 1) ++written;
        LARMOR_CHECK(::waitpid(pid_, &status, 0) == pid_);
        return written;
    }

private:
    int write(const LakeOptions& options, int first, int last, std::optional<Kill> kill) const {
        const auto target = open_lake(options);
        if (!target) return 2;
        std::thread killer;
        for (int number = first; number < last; ++number) {
            auto applied = (*target)->apply(document(image_set(number)));
            // As a worker does: what others are in the way of comes again.
            while (!applied && applied.error().code == ErrorCode::Conflict) {
                applied = (*target)->apply(document(image_set(number)));
            }
            if (!applied) {
                std::fprintf(stderr, "%s\n", applied.error().message.c_str());
                return 3;
            }
            if (::write(ends_[1], ".", 1) != 1) return 4;
            if (kill && number + 1 - first == kill->after) {
                killer = std::thread([later = kill->later] {
                    std::this_thread::sleep_for(later);
                    ::kill(::getpid(), SIGKILL);
                });
            }
        }
        if (killer.joinable()) killer.join();
        return 0;
    }

    std::array<int, 2> ends_{};
    pid_t pid_ = -1;
};

enum class Place : std::uint8_t { Folder, Bucket };

class LakeProcesses : public ::testing::TestWithParam<Place> {
protected:
    void SetUp() override {
        const auto checked = Engine::check();
        if (!checked) GTEST_SKIP() << checked.error().message;
        folder_ = fs::temp_directory_path() / ("larmor-lake-processes-" + random_id());
        options_.place = (folder_ / "lake").string();
        options_.scratch = folder_ / "scratch";
        if (GetParam() == Place::Folder) return;
        auto* const server = objects::testing::S3Server::shared();
        if (server == nullptr) GTEST_SKIP() << "there is no S3 server";
        const auto client = server->make_bucket();
        options_.place = "s3://" + client.bucket + "/a/lake?endpoint=" + client.endpoint;
        // NOLINTBEGIN(concurrency-mt-unsafe): nothing else runs yet.
        ::setenv("AWS_ACCESS_KEY_ID", client.credentials.access_key_id.c_str(), 1);
        ::setenv("AWS_SECRET_ACCESS_KEY", client.credentials.secret_access_key.c_str(), 1);
        // NOLINTEND(concurrency-mt-unsafe)
    }
    void TearDown() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    std::unique_ptr<Store> store() const {
        if (GetParam() == Place::Folder) return must_be(open_folder(folder_ / "lake"));
        return must_be(open_bucket(must_be(objects::s3::read_address(options_.place)),
                                   folder_ / "copies"));
    }

    /// As a reader counts who takes the newest manifest.
    std::vector<std::int64_t> counted(const std::vector<std::pair<Table, std::string>>& what) {
        const auto store = this->store();
        const auto manifest = must_be(newest_manifest(*store));
        EXPECT_EQ(must_be(parse_manifest(must_be(store->get(kPublicManifest)))), manifest);
        const auto engine = must_be(Engine::open({.scratch = folder_ / "reader"}));
        std::vector<std::int64_t> counts;
        for (const auto& [table, count] : what) {
            std::vector<DataFile> files;
            for (const auto& file : manifest.files) {
                if (file.table == table) files.push_back(file);
            }
            const auto list = must_be(readable_list(*store, files));
            counts.push_back(must_be(
                engine->number("SELECT " + count + " FROM (" + scan_of(table, list) + ")")));
        }
        return counts;
    }

    fs::path folder_;
    LakeOptions options_;
};

TEST_P(LakeProcesses, LoseNothingWhenOneIsKilledAgainAndAgain) {
    constexpr int kSets = 30;
    constexpr int kOthers = 10;
    Writer other(options_, 0, kOthers, {});
    int next = kOthers;
    int status = 0;
    for (int kills = 0; kills < 4; ++kills) {
        Writer killed(options_, next, kSets,
                      Kill{.after = 1, .later = std::chrono::milliseconds(25 * kills)});
        next += killed.end(status);
        ASSERT_TRUE(WIFSIGNALED(status)) << status;
    }
    ASSERT_LT(next, kSets);
    Writer last(options_, next, kSets, {});
    EXPECT_EQ(other.end(status), kOthers);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(last.end(status), kSets - next);
    EXPECT_EQ(status, 0);

    EXPECT_THAT(counted({{Table::Instance, "count(*)"},
                         {Table::Instance, "count(DISTINCT SOPInstanceUID)"},
                         {Table::ImageSet, "count(DISTINCT image_set_id)"},
                         {Table::Series, "count(*)"},
                         {Table::Study, "sum(NumberOfStudyRelatedInstances)"},
                         {Table::Patient, "max(NumberOfPatientRelatedInstances)"}}),
                ElementsAre(2 * kSets, 2 * kSets, kSets, kSets, 2 * kSets, 2 * kSets));
}

INSTANTIATE_TEST_SUITE_P(Places, LakeProcesses, ::testing::Values(Place::Folder, Place::Bucket),
                         [](const auto& of) {
                             return of.param == Place::Folder ? "Folder" : "Bucket";
                         });

}  // namespace
}  // namespace larmor::index::lake
