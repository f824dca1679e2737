#include "base/file.h"

#include <fcntl.h>

namespace larmor {
namespace {

class FileTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "larmor_file_XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::filesystem::path folder;
};

TEST_F(FileTest, ReadsBackWhatWasWrittenAtAnOffset) {
    const auto file = open_file(folder / "a", O_RDWR | O_CREAT);
    ASSERT_TRUE(file);
    ASSERT_TRUE(write_at(*file, 3, as_bytes("abc")));
    ASSERT_TRUE(sync_data(*file));
    ASSERT_TRUE(sync_directory(folder));

    EXPECT_EQ(read_file(folder / "a", 10).value(), std::string("\0\0\0abc", 6));
    EXPECT_EQ(read_file(folder / "a", 5).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(as_text(MappedFile::open(folder / "a")->bytes().subspan(3)), "abc");
}

TEST_F(FileTest, AnEarlyEndIsAnErrorWithItsPlace) {
    const auto file = open_file(folder / "a", O_RDWR | O_CREAT);
    ASSERT_TRUE(write_all(*file, as_bytes("abc")));
    ByteBuffer out(4);
    const auto read = read_at(*file, 0, out);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "file ends too early at byte 3");
}

TEST_F(FileTest, AMissingFileIsNotFoundAndAnEmptyOneMaps) {
    EXPECT_EQ(open_file(folder / "none", O_RDONLY).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(open_file(folder / "empty", O_RDWR | O_CREAT));
    EXPECT_TRUE(MappedFile::open(folder / "empty")->bytes().empty());
}

}  // namespace
}  // namespace larmor
