// Archives whose source goes away while a walk reads over what an earlier one has passed.
#include "ingest/walk_content.h"

#include <gtest/gtest.h>

#include "ingest/tests/test_files.h"

namespace larmor::ingest {
namespace {

using namespace testing_files;

/// Bytes of which only some come.
class FailingSource final : public archive::Source {
public:
    FailingSource(Bytes bytes, std::size_t comes) : bytes_(bytes), comes_(comes) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        if (position_ == bytes_.size()) return 0;
        if (position_ == comes_) return fail(ErrorCode::Unavailable, "the server is away");
        const auto count = std::min(out.size(), comes_ - position_);
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count,
                    out.begin());
        position_ += count;
        return count;
    }

private:
    const Bytes bytes_;
    const std::size_t comes_;
    std::size_t position_ = 0;
};

class Notes final : public WalkVisitor {
public:
    Result<void> instance(const std::string& name, std::optional<std::uint64_t> /*size*/,
                          archive::Source& content) override {
        ByteBuffer bytes(1 << 16);
        const auto count = archive::read_fully(content, bytes);
        if (count) {
            found.push_back(name);
        } else {
            refused(name, count.error());
        }
        return {};
    }
    void refused(const std::string& name, const Error& error) override {
        refusals.push_back(name + ": " + std::string(name_of(error.code)));
    }
    void passed(std::uint64_t /*bytes*/, const WalkPosition& next) override {
        positions.push_back(next);
    }
    std::vector<std::string> found;
    std::vector<std::string> refusals;
    std::vector<WalkPosition> positions;
};

Notes walk_content(archive::Source& source, const WalkPosition& from = {}) {
    Notes notes;
    ContentWalker walker(notes, from);
    const auto walked = walker.walk("x.tar", std::nullopt, source, [](auto content) {
        return archive::open(std::move(content));
    });
    EXPECT_TRUE(walked);
    return notes;
}

class WalkContentTest : public testing::Test {
protected:
    /// A tar of three members, the second one a tar too.
    void SetUp() override {
        for (const char* name : {"a", "b", "c", "d"}) {
            write_content(folder_.path() / name, std::string(1000, *name));
        }
        run_tool("cd " + folder_.path().string() +
                 " && tar cf in.tar b c && tar cf x.tar a in.tar d");
        content_ = content_of(folder_.path() / "x.tar");
    }
    Bytes bytes() const { return as_bytes(content_); }

    TemporaryFolder folder_;
    std::string content_;
};

TEST_F(WalkContentTest, ASourceThatGoesAwayIsToldWhereverAWalkGoesOn) {
    archive::MemorySource whole(bytes());
    const auto all = walk_content(whole);
    ASSERT_EQ(all.found.size(), 4U);
    ASSERT_EQ(all.positions.size(), 4U);
    // In headers and contents; what follows the last member may be missing.
    const std::size_t end_of_d = content_.rfind('d') + 1;
    for (std::size_t from = 0; from <= all.positions.size(); ++from) {
        const auto position = from == 0 ? WalkPosition{} : all.positions[from - 1];
        for (std::size_t comes = 600; comes < end_of_d; comes += 100) {
            FailingSource source(bytes(), comes);
            const auto rest = walk_content(source, position);
            EXPECT_FALSE(rest.refusals.empty())
                << "from member " << from << ", of " << comes << " bytes";
        }
        archive::MemorySource again(bytes());
        const auto rest = walk_content(again, position);
        EXPECT_EQ(rest.refusals, std::vector<std::string>());
        EXPECT_EQ(rest.found,
                  std::vector<std::string>(
                      all.found.begin() + static_cast<std::ptrdiff_t>(from), all.found.end()));
    }
}

TEST_F(WalkContentTest, WhatIsWrongWithTheBytesIsToldOnce) {
    const std::size_t cut = content_.find("ccc") + 10;
    archive::MemorySource broken(bytes().first(cut));
    const auto all = walk_content(broken);
    ASSERT_FALSE(all.refusals.empty());
    archive::MemorySource again(bytes().first(cut));
    const auto rest = walk_content(again, all.positions.back());
    EXPECT_EQ(rest.refusals, std::vector<std::string>());
    EXPECT_EQ(rest.found, std::vector<std::string>());
}

}  // namespace
}  // namespace larmor::ingest
