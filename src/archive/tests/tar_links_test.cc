#include "archive/members_seen.h"
#include "archive/tests/archive_maker.h"
#include "archive/tests/tar_by_hand.h"

namespace larmor::archive {
namespace {

std::string hard_link(const std::string& name, const std::string& target) {
    auto block = header(name, "0", '1');
    block.replace(157, target.size(), target);
    return with_checksum(std::move(block));
}
std::string file(const std::string& name, const std::string& content) {
    char size[12];
    std::snprintf(size, sizeof size, "%011zo", content.size());
    return header(name, size, '0') + padded(content);
}

/// Bytes that come once.
class OnceSource final : public Source {
public:
    explicit OnceSource(std::string_view bytes) : bytes_(as_bytes(bytes)) {}
    Result<std::size_t> read(std::span<std::byte> out) override { return bytes_.read(out); }

private:
    MemorySource bytes_;
};

TEST(TarLinks, LeadToTheLastMemberOfTheNameBeforeThem) {
    const auto archive = file("./a", "first") + hard_link("b", "a") + file("a", "second") +
                         hard_link("c", "./a") + hard_link("d", "b") + kEnd;

    const auto contents = read_tar_bytes(archive);

    EXPECT_EQ(contents.files.at("b"), "first");
    EXPECT_EQ(contents.files.at("c"), "second");
    EXPECT_THAT(contents.members.at(4).problem, testing::HasSubstr("not among the last"));
    EXPECT_TRUE(damage_in(archive).empty());
}

TEST(TarLinks, ThatLeadNowhereHaveNoBytesAndSayWhy) {
    const auto archive = hard_link("early", "a") + file("a", "1") + hard_link("self", "self") +
                         header("folder/", "0", '5') + hard_link("f", "folder/") +
                         hard_link("none", "b") + file("z", "2") + kEnd;

    const auto contents = read_tar_bytes(archive);

    EXPECT_EQ(contents.files, (Files{{"a", "1"}, {"z", "2"}}));
    for (const auto& member : contents.members) {
        EXPECT_EQ(member.problem.empty(), member.kind != MemberKind::Link) << member.path;
    }
}

TEST(TarLinks, OfAnInputThatComesOnceHaveNoBytes) {
    const auto archive = file("a", "1") + hard_link("b", "a") + file("c", "3") + kEnd;
    auto reader = read_tar(std::make_unique<OnceSource>(archive));

    const auto contents = read_all(*reader);

    EXPECT_EQ(contents.files, (Files{{"a", "1"}, {"c", "3"}}));
    EXPECT_EQ(contents.members.at(1).kind, MemberKind::Link);
    EXPECT_THAT(contents.members.at(1).problem, testing::HasSubstr("has passed"));
}

TEST(TarLinks, ReachOverLongNamesOfBothKinds) {
    const Workshop workshop;
    const std::string name(180, 'n');
    workshop.run("cd in && mkdir " + name + " && printf 12 > " + name + "/1 && ln " + name +
                 "/1 " + name + "/2");
    for (const std::string format : {"gnu", "pax"}) {
        workshop.run("tar --format=" + format + " -C in -cf a.tar " + name);
        EXPECT_EQ(read_all(workshop.path("a.tar")).files,
                  (Files{{name + "/1", "12"}, {name + "/2", "12"}}))
            << format;
    }
}

TEST(TarLinks, DoNotMultiplyTheArchiveBeyondAllLimits) {
    std::string archive = file("a", std::string(1 << 20, 'a'));
    for (int i = 0; i < 80; ++i) archive += hard_link("b" + std::to_string(i), "a");
    auto reader =
        read_tar(std::make_unique<MemorySource>(as_bytes(archive)), {.ratio_max = 20});

    const auto contents = read_all(*reader);

    // 64 MiB are free, and 20 times what was read is no more than that.
    EXPECT_EQ(contents.unreadable.count("b62"), 0U);
    EXPECT_EQ(contents.unreadable.count("b79"), 1U);
}

TEST(MembersSeen, ForgetsNoneOfTheLast) {
    MembersSeen seen;
    const auto count = 3 * MembersSeen::kKeptMin;
    for (std::size_t i = 0; i < count; ++i) seen.add(std::to_string(i), i);
    EXPECT_EQ(seen.find(std::to_string(count - 1)), count - 1);
    EXPECT_EQ(seen.find(std::to_string(count - MembersSeen::kKeptMin)),
              count - MembersSeen::kKeptMin);
    EXPECT_FALSE(seen.find("0"));
    seen.clear();
    EXPECT_FALSE(seen.find(std::to_string(count - 1)));
}

}  // namespace
}  // namespace larmor::archive
