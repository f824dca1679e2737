#include "archive/compression.h"

#include "archive/tests/archive_maker.h"

namespace larmor::archive {
namespace {

using Decompress = std::unique_ptr<Source> (*)(std::unique_ptr<Source>, const Limits&);

Result<std::string> unpack(Decompress decompress, std::string_view bytes,
                           const Limits& limits = {}) {
    auto source = decompress(std::make_unique<MemorySource>(as_bytes(bytes)), limits);
    std::string text;
    ByteBuffer piece(991);
    while (true) {
        TRY(const auto count, source->read(piece));
        if (count == 0) {
            return text;
        }
        text += as_text(Bytes(piece).first(count));
    }
}

struct Tool {
    Decompress decompress;
    const char* command;
};
class Compressed : public testing::TestWithParam<Tool> {
protected:
    std::string pack(const std::string& content) {
        workshop_.write("in/x", content);
        workshop_.run(std::string(GetParam().command) + " < in/x > packed");
        return workshop_.read("packed");
    }
    Workshop workshop_;
};

TEST_P(Compressed, IsGivenBack) {
    for (const auto& [name, content] : awkward_files()) {
        EXPECT_EQ(unpack(GetParam().decompress, pack(content)).value_or("failed"), content)
            << name;
    }
}

TEST_P(Compressed, StreamsThatFollowEachOtherAreOne) {
    EXPECT_EQ(
        unpack(GetParam().decompress, pack("one ") + pack("") + pack("two")).value_or("failed"),
        "one two");
}

TEST_P(Compressed, CutAnywhereIsAnError) {
    const auto packed = pack("some content that is worth keeping");
    for (std::size_t size = 0; size < packed.size(); ++size) {
        const auto text =
            unpack(GetParam().decompress, std::string_view(packed).substr(0, size));
        ASSERT_FALSE(text) << size;
        EXPECT_EQ(text.error().code, ErrorCode::InvalidInput);
    }
}

TEST_P(Compressed, RefusesWhatFollows) {
    const auto text = unpack(GetParam().decompress, pack("content") + "rubbish");
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::InvalidInput);
}

TEST_P(Compressed, FindsAWrongChecksum) {
    auto packed = pack("content");
    packed[packed.size() -
           (std::string_view(GetParam().command).starts_with("gzip") ? 8 : 2)] ^= 1;
    EXPECT_FALSE(unpack(GetParam().decompress, packed));
}

TEST_P(Compressed, StopsAtTheLimits) {
    const auto packed = pack(std::string(1 << 20, '\0'));
    const auto text = unpack(GetParam().decompress, packed, {.total_max_bytes = 1'000'000});
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::LimitExceeded);

    const auto large = pack(std::string(200 << 20, '\0'));
    const auto bomb = unpack(GetParam().decompress, large, {.ratio_max = 100});
    ASSERT_FALSE(bomb);
    EXPECT_EQ(bomb.error().code, ErrorCode::LimitExceeded);
}

INSTANTIATE_TEST_SUITE_P(Tools, Compressed,
                         testing::Values(Tool{gunzip, "gzip"}, Tool{unzstd, "zstd -q --check"}),
                         [](const auto& tool) {
                             return tool.param.decompress == gunzip ? "gzip" : "zstd";
                         });

TEST(Gunzip, IgnoresZerosBehindTheStream) {
    const Workshop workshop;
    workshop.run("printf content | gzip > a.gz && truncate -s +5000 a.gz");
    EXPECT_EQ(unpack(gunzip, workshop.read("a.gz")).value_or("failed"), "content");
}

}  // namespace
}  // namespace larmor::archive
