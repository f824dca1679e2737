// Whole runs in which UIDs share hashes: nothing may be paired by them.
#include <fmt/format.h>

#include <fstream>

#include "archive/tar_writer.h"
#include "reassembly/run/reassemble.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

constexpr int kInstances = 120;

std::string uid_of(int number) {
    return "1.2.826.0.1." + std::to_string(10'000 + number);
}
std::string patient_of(int number) {
    return fmt::format("patient{:04}", number);
}
std::string four_pixels_of(int number) {
    return fmt::format("{:04}", number);
}

/// Metadata of 2 x 2 pixels of 8 bits, with a text that no other instance has.
std::string metadata_of(int number) {
    const auto element = [](std::string_view tag, std::string_view vr,
                            const std::string& value) {
        return fmt::format(R"("{}":{{"vr":"{}","Value":[{}]}},)", tag, vr, value);
    };
    const auto text = [](const std::string& value) { return '"' + value + '"'; };
    return '{' + element("00080016", "UI", text("1.2.840.10008.5.1.4.1.1.7")) +
           element("00080018", "UI", text(uid_of(number))) +
           element("00100020", "LO", text(patient_of(number))) +
           element("0020000D", "UI", text("1.2.9")) +
           element("0020000E", "UI", text("1.2.9.1")) + element("00280002", "US", "1") +
           element("00280004", "CS", text("MONOCHROME2")) + element("00280010", "US", "2") +
           element("00280011", "US", "2") + element("00280100", "US", "8") +
           element("00280101", "US", "8") + element("00280102", "US", "7") +
           element("00280103", "US", "0") + R"("7FE00010":{"vr":"OB","BulkDataURI":"b"}})";
}

class HashCollision : public testing::TestWithParam<std::uint64_t> {
protected:
    HashCollision() {
        auto name = (fs::temp_directory_path() / "larmor_hash_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~HashCollision() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    void add_member(std::string& tar, const std::string& path, const std::string& content) {
        tar += archive::tar_member_head(path, content.size()) + content +
               archive::tar_padding(content.size());
    }
    void save(const std::string& name, const std::string& tar) {
        std::ofstream(folder_ / name, std::ios::binary) << tar + archive::tar_end();
    }

    fs::path folder_;
};

TEST_P(HashCollision, PairsByTheWholeUidWhateverTheHashesSay) {
    std::string metadata, images;
    for (int i = 0; i < kInstances; ++i) {
        // Each tenth has no metadata, each tenth after it no image: those must stay alone.
        if (i % 10 != 0) add_member(metadata, uid_of(i) + ".json", metadata_of(i));
        const int other = kInstances - 1 - i;
        if (other % 10 != 1) add_member(images, uid_of(other) + ".raw", four_pixels_of(other));
    }
    save("metadata.tar", metadata);
    save("image.tar", images);
    Request request;
    request.metadata = {folder_ / "metadata.tar"};
    request.images = {folder_ / "image.tar"};
    request.output = folder_ / "out";
    request.memory_bytes = std::uint64_t{512} << 20;
    request.threads = 2;
    request.uid_hash_mask = GetParam();
    Progress progress;

    const auto outcome = reassemble(request, progress);

    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->counts.instances, kInstances * 8U / 10);
    EXPECT_EQ(outcome->counts.metadata.orphans, kInstances / 10U);
    EXPECT_EQ(outcome->counts.images.orphans, kInstances / 10U);
    for (int i = 0; i < kInstances; ++i) {
        const auto path = folder_ / "out/instances/1.2.9/1.2.9.1" / (uid_of(i) + ".dcm");
        ASSERT_EQ(fs::exists(path), i % 10 > 1) << i;
        if (i % 10 <= 1) continue;
        const auto file = read_file(path, 1 << 20);
        ASSERT_TRUE(file);
        EXPECT_TRUE(file->ends_with(four_pixels_of(i))) << i;
        EXPECT_NE(file->find(patient_of(i)), std::string::npos) << i;
    }
}
INSTANTIATE_TEST_SUITE_P(OneHashForAllAndFourAndAll, HashCollision,
                         testing::Values(0, 1, 0x8000000000000000, ~std::uint64_t{0}));

}  // namespace
}  // namespace larmor::reassembly::run
