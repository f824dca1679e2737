// Split, joined by UID, fused: each file of the project's data that has pixels, else of
// python3-pydicom, must come back equal.
#include <fstream>
#include <map>
#include <set>

#include "pixels/tests/pixel_test_data.h"
#include "reassembly/fuse/fuse.h"
#include "reassembly/split/split_instance.h"
#include "reassembly/split/tests/compare_files.h"

namespace larmor::reassembly {
namespace {

using fuse::Outcome;

/// Images that can't come back: by file, and why. Whoever meets one gets a reason, never a
/// file.
const std::map<std::string, std::string> kContradictory{
    {"JPEG2000-embedded-sequence-delimiter.dcm", "its codestream says another size"},
    {"MR_small_padded.dcm", "128 bytes behind the pixels"},
    {"badVR.dcm", "Rows have a VR that there is not"}};
/// Whose transfer syntax is not that of their codestreams: it is derived, and reported.
const std::map<std::string, std::string> kOtherSyntax{
    {"sample-op.dcm", "declared lossless JPEG, is JPEG baseline"}};
/// Images that can't be split.
const std::map<std::string, std::string> kWhole{
    {"2026-05-26-oob-monochrome-46341.dcm", "frames over 1 GiB"},
    {"2026-05-26-oob-monochrome-65535.dcm", "frames over 1 GiB"},
    {"MR_truncated.dcm", "cut"},
    {"rtplan_truncated.dcm", "cut"},
    {"JLSL_RGB_ILV0.dcm", "no SOP Instance UID"},
    {"JLSL_RGB_ILV1.dcm", "no SOP Instance UID"},
    {"JLSL_RGB_ILV2.dcm", "no SOP Instance UID"},
    {"bad_sequence.dcm", "no SOP Instance UID"},
    {"rtdose_rle.dcm", "no SOP Instance UID"},
    {"rtdose_rle_1frame.dcm", "no SOP Instance UID"},
    {"meta_missing_tsyntax.dcm", "no Rows"},
    {"nested_priv_SQ.dcm", "no Rows"},
    {"SC_rgb_jpeg.dcm", "declared Explicit VR, is Implicit"}};

/// What the project has, and what python3-pydicom has beside it.
std::vector<std::filesystem::path> all_files() {
    auto files = pixels::test::dicom_files();
    if (!pixels::test::has_shared_files()) return files;
    for (const auto& entry : std::filesystem::directory_iterator(pixels::test::kPydicomFiles)) {
        if (entry.path().extension() == ".dcm") files.push_back(entry.path());
    }
    return files;
}

struct Halves {
    std::string metadata;
    std::vector<fuse::ImageMember> members;
    std::vector<Bytes> bytes;
};

/// The members as archives would give them, joined by the UID of their names.
Halves join(const split::SplitInstance& instance) {
    const fuse::MemberNames names;
    std::map<std::string, Halves> by_uid;
    const auto metadata = names.read("a/" + instance.sop_instance_uid + ".json");
    by_uid[metadata->sop_instance_uid].metadata = instance.metadata;
    for (const auto& part : instance.image) {
        auto path = "b/" + instance.sop_instance_uid;
        if (part.frame) path += "/" + std::to_string(*part.frame);
        const auto name = names.read(path + "." + part.extension);
        auto& half = by_uid[name->sop_instance_uid];
        const auto wanted = fuse::head_bytes(name->kind, part.bytes.size());
        half.members.push_back({*name, part.bytes.size(), Bytes(part.bytes).first(wanted)});
        half.bytes.emplace_back(part.bytes);
    }
    EXPECT_EQ(by_uid.size(), 1U);
    return by_uid.begin()->second;
}

struct Trip {
    Result<split::SplitInstance> split = fail(ErrorCode::NotFound, "");
    fuse::Fused fused;
    ByteBuffer bytes;
    std::vector<std::string> differences;
};

Trip travel(const dicom::File& file, const split::SplitOptions& options) {
    Trip trip;
    trip.split = split::split_instance(file, options);
    if (!trip.split) return trip;
    const auto halves = join(*trip.split);
    const auto read = fuse::read_metadata(as_bytes(halves.metadata));
    EXPECT_TRUE(read) << read.error().message;
    if (!read) return trip;
    const auto stored = fuse::decode(fuse::encode(*read));
    EXPECT_TRUE(stored) << stored.error().message;
    if (!stored) return trip;
    EXPECT_EQ(*stored, *read);
    trip.fused = fuse::fuse(*stored, halves.members);
    if (trip.fused.outcome != Outcome::Written) return trip;
    trip.bytes = fuse::to_bytes(trip.fused.file, halves.bytes);
    EXPECT_EQ(trip.bytes.size(), trip.fused.file.size_bytes);
    const auto made = dicom::open_file(trip.bytes);
    EXPECT_TRUE(made);
    trip.differences = test::differences(file, *made);
    return trip;
}

class RoundTrip : public testing::TestWithParam<split::SplitOptions> {};

TEST_P(RoundTrip, GivesBackEveryImage) {
    std::size_t equal = 0;
    for (const auto& path : all_files()) {
        const auto mapped = MappedFile::open(path);
        if (!mapped) continue;
        const auto file = dicom::open_file(mapped->bytes());
        if (!file) continue;
        const auto trip = travel(*file, GetParam());
        const auto name = path.filename().string();
        if (!trip.split) {
            EXPECT_TRUE(trip.split.error().code == ErrorCode::NotFound || kWhole.contains(name))
                << path << ": " << trip.split.error().message;
            continue;
        }
        if (trip.fused.outcome != Outcome::Written) {
            EXPECT_TRUE(kContradictory.contains(name)) << path << ": " << trip.fused.reason;
            continue;
        }
        // Deflated and big endian native pixels are not written again.
        EXPECT_EQ(trip.fused.file.is_other_syntax && file->transfer_syntax->encapsulated,
                  kOtherSyntax.contains(name))
            << path << " " << trip.fused.file.transfer_syntax_uid;
        EXPECT_THAT(trip.differences, testing::IsEmpty()) << path;
        equal += trip.differences.empty() ? 1 : 0;
    }
    EXPECT_GT(equal, 40U);
}
INSTANTIATE_TEST_SUITE_P(Forms, RoundTrip,
                         testing::Values(split::SplitOptions{},
                                         split::SplitOptions{.frames_apart = true},
                                         split::SplitOptions{.headless = true},
                                         split::SplitOptions{.with_file_meta = false}));

/// One of each folder and transfer syntax, by the eyes of pydicom and dciodvfy.
TEST(RoundTripOracle, FindsNoDifferenceAndNoNewError) {
    const pixels::test::TempFolder folder;
    std::set<std::string> seen;
    int written = 0;
    const auto keep = [&](const std::string& suffix, Bytes bytes) {
        std::ofstream out(folder.path() / (std::to_string(written) + suffix), std::ios::binary);
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    };
    for (const auto& path : all_files()) {
        const auto mapped = MappedFile::open(path);
        if (!mapped) continue;
        const auto file = dicom::open_file(mapped->bytes());
        if (!file) continue;
        const auto kind = path.parent_path().string() + file->transfer_syntax_uid;
        // Small ones: the validator takes its time.
        constexpr std::size_t kSmallMaxBytes = 600'000;
        if (mapped->bytes().size() > kSmallMaxBytes) continue;
        const bool is_malformed = path.string().find("malformed") != std::string::npos;
        if (is_malformed || seen.contains(kind)) continue;
        const auto trip = travel(*file, {});
        if (!trip.split || trip.fused.outcome != Outcome::Written) continue;
        seen.insert(kind);
        keep(".original", mapped->bytes());
        keep(".made", trip.bytes);
        ++written;
    }

    const auto log = (folder.path() / "log").string();
    const auto status = larmor::test::run_command(
        "/usr/bin/python3 " LARMOR_SOURCE_DIR "/src/reassembly/split/tests/oracle.py " +
        folder.path().string() + " > " + log + " 2>&1");

    EXPECT_EQ(status, 0);
    EXPECT_EQ(read_file(log, 1 << 20).value(), "compared " + std::to_string(written) + "\n");
    EXPECT_GT(written, 5);
}

}  // namespace
}  // namespace larmor::reassembly
