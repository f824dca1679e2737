// Archives made by the splitter, read again, joined by UID in a plain map, and fused.
#include "reassembly/split/splitter.h"

#include <fcntl.h>

#include <filesystem>
#include <map>

#include "archive/archive.h"
#include "base/hash.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "pixels/tests/pixel_test_data.h"
#include "reassembly/fuse/fuse.h"
#include "reassembly/split/tests/compare_files.h"

namespace larmor::reassembly::split {
namespace {

using fuse::Outcome;

struct Member {
    fuse::MemberName name;
    ByteBuffer bytes;
};
struct Halves {
    std::vector<Member> metadata;
    std::vector<Member> image;
};
using Joined = std::map<std::string, Halves>;

/// Small ones of python3-pydicom, one of many frames among them.
std::vector<std::filesystem::path> inputs() {
    std::vector<std::filesystem::path> files;
    for (const auto* name :
         {"CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "JPEG2000.dcm",
          "SC_rgb_rle_2frame.dcm", "SC_rgb_jpeg_dcmtk.dcm", "color3d_jpeg_baseline.dcm",
          "SC_rgb_small_odd.dcm", "image_dfl.dcm", "rtdose.dcm", "rtplan.dcm",
          "examples_overlay.dcm", "SC_rgb_32bit_2frame.dcm",
          "SC_ybr_full_422_uncompressed.dcm"}) {
        const auto path = pixels::test::kPydicomFiles / name;
        if (std::filesystem::exists(path)) files.push_back(path);
    }
    return files;
}

SplitCounts split_into(const std::filesystem::path& folder, const SplitterOptions& options) {
    auto splitter = Splitter::create(folder, options);
    EXPECT_TRUE(splitter) << splitter.error().message;
    for (const auto& path : inputs()) {
        const auto mapped = MappedFile::open(path);
        EXPECT_TRUE(splitter->add(path.string(), mapped->bytes()));
    }
    return splitter->finish().value();
}

/// What a reader finds, damage and all.
Joined join(const std::filesystem::path& folder) {
    const fuse::MemberNames names;
    Joined joined;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".ndjson") continue;
        const auto file = open_file(entry.path(), O_RDONLY);
        auto reader = archive::open(*file);
        if (!reader) continue;
        while (true) {
            const auto member = (*reader)->next();
            if (!member || !*member) break;
            const auto name = names.read((*member)->path);
            if (!name) continue;
            ByteBuffer bytes((*member)->size_bytes.value_or(0));
            archive::MemberSource source(**reader);
            const auto count = archive::read_fully(source, bytes);
            if (!count || *count != bytes.size()) continue;
            auto& halves = joined[name->sop_instance_uid];
            auto& half =
                name->kind == fuse::MemberKind::Metadata ? halves.metadata : halves.image;
            half.push_back({*name, std::move(bytes)});
        }
    }
    return joined;
}

struct Made {
    fuse::Fused fused;
    ByteBuffer bytes;
};
Made fuse_halves(const Halves& halves) {
    if (halves.metadata.size() != 1) return {};
    const auto metadata = fuse::read_metadata(halves.metadata[0].bytes);
    if (!metadata) return {};
    std::vector<fuse::ImageMember> members;
    std::vector<Bytes> bytes;
    for (const auto& member : halves.image) {
        members.push_back({member.name, member.bytes.size(), member.bytes});
        bytes.emplace_back(member.bytes);
    }
    Made made{fuse::fuse(*metadata, members), {}};
    if (made.fused.outcome == Outcome::Written) {
        made.bytes = fuse::to_bytes(made.fused.file, bytes);
    }
    return made;
}

std::string uid_of(Bytes bytes) {
    const auto file = dicom::open_file(bytes);
    return dicom::Attributes::read(file->data_set, file->encoding)
        ->text(dicom::tags::SOPInstanceUID);
}

std::string truth_of(const std::filesystem::path& folder) {
    return read_file(folder / "truth.ndjson", 1 << 24).value();
}
std::size_t count_of(const std::string& text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++count;
    }
    return count;
}

class Compressions : public testing::TestWithParam<archive::Compression> {};

TEST_P(Compressions, GiveBackEveryInstanceOutOfDisorder) {
    const pixels::test::TempFolder folder;
    const auto counts =
        split_into(folder.path(), {.archives = 3, .compression = GetParam(), .shuffle = true});

    const auto joined = join(folder.path());

    EXPECT_EQ(joined.size(), counts.instances);
    EXPECT_EQ(counts.without_pixels, 1U) << "rtplan.dcm";
    EXPECT_GT(counts.instances, 5U);
    std::map<std::string, std::filesystem::path> sources;
    for (const auto& path : inputs()) {
        const auto mapped = MappedFile::open(path);
        sources.emplace(uid_of(mapped->bytes()), path);  // the first one of a UID is split
    }
    for (const auto& [uid, halves] : joined) {
        const auto made = fuse_halves(halves);
        ASSERT_EQ(made.fused.outcome, Outcome::Written) << sources[uid] << made.fused.reason;
        const auto original = MappedFile::open(sources[uid]);
        EXPECT_THAT(test::differences(*dicom::open_file(original->bytes()),
                                      *dicom::open_file(made.bytes)),
                    testing::IsEmpty())
            << sources[uid];
    }
}
INSTANTIATE_TEST_SUITE_P(All, Compressions,
                         testing::Values(archive::Compression::None, archive::Compression::Gzip,
                                         archive::Compression::Zstd));

TEST(Splitter, MakesTheSameArchivesAgain) {
    const pixels::test::TempFolder a, b;
    const SplitterOptions options{.archives = 2,
                                  .gzip_metadata = true,
                                  .seed = 7,
                                  .shuffle = true,
                                  .missing_permille = 200,
                                  .duplicate_permille = 200,
                                  .damage_permille = 100};
    split_into(a.path(), options);
    split_into(b.path(), options);

    for (const auto& entry : std::filesystem::directory_iterator(a.path())) {
        const auto name = entry.path().filename();
        EXPECT_EQ(to_hex(sha256(as_bytes(read_file(a.path() / name, 1 << 30).value()))),
                  to_hex(sha256(as_bytes(read_file(b.path() / name, 1 << 30).value()))))
            << name;
    }
    EXPECT_EQ(Splitter::create(a.path(), options).error().code, ErrorCode::Conflict);
}

TEST(Splitter, SaysWhatIsMissingAndWhatIsThereTwice) {
    const pixels::test::TempFolder folder;
    const auto counts = split_into(folder.path(), {.archives = 2,
                                                   .shuffle = true,
                                                   .missing_permille = 300,
                                                   .duplicate_permille = 300,
                                                   .conflict_permille = 300});

    const auto joined = join(folder.path());
    std::uint64_t without_metadata = 0, without_image = 0, members = 0;
    for (const auto& [uid, halves] : joined) {
        without_metadata += halves.metadata.empty() ? 1 : 0;
        without_image += halves.image.empty() ? 1 : 0;
        members += halves.metadata.size() + halves.image.size();
    }
    const auto truth = truth_of(folder.path());
    EXPECT_EQ(without_metadata, counts.missing_metadata);
    EXPECT_EQ(without_image, counts.missing_image);
    EXPECT_GT(without_metadata + without_image, 0U);
    EXPECT_EQ(members, counts.metadata_members + counts.image_members);
    EXPECT_EQ(count_of(truth, R"("copy":"duplicate")"), counts.duplicates);
    EXPECT_EQ(count_of(truth, R"("conflict":true)"), counts.conflicts);
    EXPECT_GT(counts.duplicates, 0U);
    EXPECT_GT(counts.conflicts, 0U);
    EXPECT_EQ(count_of(truth, R"("kind":"instance")"), counts.instances);
    EXPECT_EQ(count_of(truth, R"("kind":"member")"), members);
}

/// A wrong bit anywhere, and archives cut anywhere: some instance is lost, none is another's.
TEST(Splitter, DamageNeverPairsHalvesOfTwoInstances) {
    std::uint64_t damaged = 0, written = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const pixels::test::TempFolder folder;
        const auto counts = split_into(folder.path(), {.archives = 2,
                                                       .seed = seed,
                                                       .shuffle = true,
                                                       .damage_permille = 500,
                                                       .truncated_archives = 1});
        damaged += counts.damaged;
        for (const auto& [uid, halves] : join(folder.path())) {
            const auto made = fuse_halves(halves);
            if (made.fused.outcome != Outcome::Written) continue;
            ++written;
            EXPECT_EQ(uid_of(made.bytes), uid);
        }
    }
    EXPECT_GT(damaged, 100U);
    EXPECT_GT(written, 20U);
}

}  // namespace
}  // namespace larmor::reassembly::split
