#include "audit/trail.h"

#include <fcntl.h>

#include "audit/tests/trail_fixture.h"

namespace larmor::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(TrailTest, GoesOnWhereItEnded) {
    {
        auto trail = open_trail();
        append(trail, 2, "a");
    }
    {
        auto trail = open_trail();
        EXPECT_THAT(trail.alerts(), IsEmpty());
        append(trail, 1, "b");
    }
    const auto all = records();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[2].number, 3U);
    EXPECT_EQ(list_files(folder_)->size(), 1U);
}

TEST_F(TrailTest, TheChainGoesOnOverFilesBySizeAndByDay) {
    const Time day(std::chrono::hours(24 * 20'000));
    {
        auto trail = open_trail(600);
        append(trail, 4, "a", day);
        append(trail, 1, "b", day);
        append(trail, 1, "c", day + std::chrono::hours(24));
    }
    {
        auto trail = open_trail(600);
        append(trail, 1, "d", day + std::chrono::hours(25));
    }
    EXPECT_THAT(*list_files(folder_), ElementsAre(1, 2, 3));
    EXPECT_EQ(records().size(), 7U);
    EXPECT_TRUE(verify_files({path(2), path(3)}));
    EXPECT_FALSE(verify_files({path(1), path(3)}));

    std::filesystem::remove(path(2));
    EXPECT_THAT(verify_trail(folder_).error().message, HasSubstr("00000002.jsonl is missing"));
}

TEST_F(TrailTest, CutsATornBatchOffAndKeepsItWhereverItBroke) {
    {
        auto trail = open_trail();
        append(trail, 1, "kept");
        append(trail, 2, "torn");
    }
    const std::string whole = content(path());
    const auto first = read_batch(as_bytes(whole), 0, {})->next;
    for (auto size = first + 1; size < whole.size(); size += 37) {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        replace(path(), std::string_view(whole).substr(0, size));
        auto trail = open_trail();
        EXPECT_THAT(trail.alerts(), ElementsAre(HasSubstr("was torn"))) << size;
        EXPECT_EQ(content(path()), whole.substr(0, first));
        append(trail, 1, "after");
        const auto all = records();
        ASSERT_EQ(all.size(), 2U);
        EXPECT_EQ(all[1].entry.subject.query, "after");
        std::size_t kept = 0;
        for (const auto& file : std::filesystem::directory_iterator(folder_)) {
            if (file.path().string().find(".torn-2-") == std::string::npos) continue;
            EXPECT_EQ(content(file.path()), whole.substr(first, size - first));
            ++kept;
        }
        EXPECT_EQ(kept, 1U);
    }
}

TEST_F(TrailTest, BeginsAgainWhereTheFirstBatchOfAFileWasTorn) {
    const Time day(std::chrono::hours(24 * 20'000));
    {
        auto trail = open_trail();
        append(trail, 1, "a", day);
        append(trail, 1, "b", day + std::chrono::hours(24));
    }
    const std::string second = content(path(2));
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, second.size() - 1}) {
        replace(path(2), std::string_view(second).substr(0, size));
        auto trail = open_trail();
        append(trail, 1, "c", day + std::chrono::hours(24));
        EXPECT_THAT(*list_files(folder_), ElementsAre(1, 2));
        const auto all = records();
        ASSERT_EQ(all.size(), 2U);
        EXPECT_EQ(all[1].entry.subject.query, "c");
    }
}

TEST_F(TrailTest, LeavesADamagedFileAsItIsAndGoesOnBehindIt) {
    {
        auto trail = open_trail();
        append(trail, 1, "one");
        append(trail, 1, "two");
        append(trail, 1, "three");
    }
    std::string damaged = content(path());
    damaged[damaged.find("two")] = 'T';
    replace(path(), damaged);
    {
        auto trail = open_trail();
        EXPECT_THAT(trail.alerts(), ElementsAre(HasSubstr("is damaged")));
        append(trail, 1, "four");
        EXPECT_EQ(trail.anchor().end.record, 4U);
    }
    EXPECT_EQ(content(path()), damaged);
    EXPECT_TRUE(verify_files({path(2)}));
    EXPECT_THAT(verify_trail(folder_).error().message, HasSubstr("number 2"));
}

TEST_F(TrailTest, AWholeTailThatIsGoneIsNoticed) {
    std::string first;
    {
        auto trail = open_trail();
        append(trail, 1, "one");
        first = content(path());
        append(trail, 1, "two");
        ASSERT_TRUE(trail.write_anchor());
    }
    replace(path(), first);
    EXPECT_THAT(verify_trail(folder_).error().message, HasSubstr("its end is missing"));
    {
        auto trail = open_trail();
        EXPECT_THAT(trail.alerts(), ElementsAre(HasSubstr("its end was removed")));
        append(trail, 1, "three");
        ASSERT_TRUE(trail.write_anchor());
    }
    EXPECT_FALSE(verify_trail(folder_)) << "the gap stays for ever";
}

TEST_F(TrailTest, TheWholeTrailThatIsGoneIsNoticed) {
    {
        auto trail = open_trail();
        append(trail, 1, "one");
        ASSERT_TRUE(trail.write_anchor());
    }
    std::filesystem::remove(path());
    EXPECT_THAT(verify_trail(folder_).error().message, HasSubstr("its end is missing"));
    auto trail = open_trail();
    EXPECT_THAT(trail.alerts(), ElementsAre(HasSubstr("its end was removed")));
}

TEST_F(TrailTest, WritesNothingMoreAfterASyncFailed) {
    std::atomic<bool> fail_syncs = false;
    auto trail = Trail::open({.folder = folder_, .fail_syncs = &fail_syncs});
    ASSERT_TRUE(trail);
    append(*trail, 1, "one");
    fail_syncs = true;
    std::vector<Record> records(1);
    EXPECT_EQ(trail->append(records).error().code, ErrorCode::Unavailable);
    fail_syncs = false;
    EXPECT_FALSE(trail->append(records));
}

TEST_F(TrailTest, OnlyItsOwnerMayReadIt) {
    auto trail = open_trail();
    append(trail, 1, "one");
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(folder_).permissions(), perms::owner_all);
    EXPECT_EQ(std::filesystem::status(path()).permissions(),
              perms::owner_read | perms::owner_write);
}

}  // namespace
}  // namespace larmor::audit
