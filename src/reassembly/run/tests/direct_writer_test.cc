// Large files that are written while others are made.
#include "reassembly/run/direct_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "reassembly/run/output_file.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

class DirectWriterTest : public testing::Test {
protected:
    DirectWriterTest() {
        // Of a disk where there is one: tmpfs has no O_DIRECT, which must be as good.
        auto name = (fs::current_path() / "larmor_direct_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~DirectWriterTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    /// Bytes that differ from page to page and from file to file.
    static ByteBuffer content(std::size_t size, unsigned seed) {
        ByteBuffer bytes(size);
        std::uint32_t state = seed * 2'654'435'761U + 1;
        for (auto& byte : bytes) {
            state = state * 1'664'525U + 1'013'904'223U;
            byte = static_cast<std::byte>(state >> 24U);
        }
        return bytes;
    }
    Result<WrittenFile> write(DirectWriter& direct, const std::string& name, Bytes bytes,
                              std::size_t piece_bytes) const {
        TRY(auto file, OutputFile::create((folder_ / name).string(), IfThere::Refuse,
                                          bytes.size(), &direct));
        for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
            TRY_VOID(file.write(bytes.subspan(at, std::min(piece_bytes, bytes.size() - at))));
        }
        return file.finish();
    }
    void expect(const std::string& name, Bytes bytes) const {
        const auto read = read_file(folder_ / name, 1 << 26);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_TRUE(*read == as_text(bytes)) << name;
    }

    fs::path folder_;
};

TEST_F(DirectWriterTest, WritesFilesOfAnySizeWhole) {
    constexpr std::size_t kMiB = 1 << 20;
    DirectWriter direct(1);
    const std::vector<std::size_t> sizes{256 << 10, (256 << 10) + 1, kMiB - 1,      kMiB,
                                         kMiB + 1,  2 * kMiB,        3 * kMiB + 777};
    for (unsigned i = 0; i < sizes.size(); ++i) {
        const auto bytes = content(sizes[i], i);
        const auto written = write(direct, std::to_string(i), bytes, 300'001);
        ASSERT_TRUE(written) << written.error().message;
        EXPECT_EQ(written->size_bytes, sizes[i]);
        EXPECT_EQ(written->sha256, sha256(bytes));
    }

    ASSERT_TRUE(direct.drain());

    for (unsigned i = 0; i < sizes.size(); ++i) {
        expect(std::to_string(i), content(sizes[i], i));
    }
}

TEST_F(DirectWriterTest, TakesMoreThanItHasBuffersFromManyThreads) {
    constexpr unsigned kThreads = 4, kFiles = 12, kBytes = 700'000;
    DirectWriter direct(1);
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (unsigned i = thread * kFiles; i < (thread + 1) * kFiles; ++i) {
                EXPECT_TRUE(write(direct, std::to_string(i), content(kBytes, i), kBytes));
            }
        });
    }
    for (auto& thread : threads) thread.join();

    ASSERT_TRUE(direct.drain());

    for (unsigned i = 0; i < kThreads * kFiles; ++i) {
        expect(std::to_string(i), content(kBytes, i));
    }
}

TEST_F(DirectWriterTest, SaysInTheEndAndFromThenOnWhatCouldNotBeWritten) {
    DirectWriter direct(1);
    auto full = open_file("/dev/full", O_WRONLY);
    ASSERT_TRUE(full);
    auto buffer = direct.take();
    ASSERT_TRUE(buffer);
    const auto file =
        std::make_shared<DirectWriter::File>(*std::move(full), "/some/where.dcm", 4096);
    direct.write(file, 0, *std::move(buffer), 4096);

    const auto drained = direct.drain();

    ASSERT_FALSE(drained);
    EXPECT_EQ(drained.error().code, ErrorCode::NoSpace);
    EXPECT_NE(drained.error().message.find("/some/where.dcm"), std::string::npos);
    EXPECT_FALSE(direct.take());
}

TEST_F(DirectWriterTest, LeavesNothingToWaitForWhereAFileIsGivenUp) {
    DirectWriter direct(1);
    const auto bytes = content(900'000, 1);
    {
        auto file = OutputFile::create((folder_ / "given up").string(), IfThere::Refuse,
                                       3 * bytes.size(), &direct);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write(bytes));
    }
    ASSERT_TRUE(write(direct, "whole", bytes, bytes.size()));

    ASSERT_TRUE(direct.drain());

    expect("whole", bytes);
}

TEST_F(DirectWriterTest, WritesASmallFileFromManyPieces) {
    DirectWriter direct(1);
    const auto bytes = content(40'000, 3);
    for (const std::size_t count : {1, 2, 8, 9}) {
        std::vector<Bytes> pieces;
        for (std::size_t i = 0; i < count; ++i) {
            const auto begin = bytes.size() * i / count, end = bytes.size() * (i + 1) / count;
            pieces.push_back(Bytes(bytes).subspan(begin, end - begin));
        }
        const auto name = std::to_string(count);
        auto file = OutputFile::create((folder_ / name).string(), IfThere::Refuse, bytes.size(),
                                       &direct);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write_whole(pieces));
        const auto written = file->finish();
        ASSERT_TRUE(written);
        EXPECT_EQ(written->sha256, sha256(bytes));
        expect(name, bytes);
    }
}

}  // namespace
}  // namespace larmor::reassembly::run
