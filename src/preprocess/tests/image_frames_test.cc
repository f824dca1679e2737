#include "preprocess/image_frames.h"

#include "async/sync_wait.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"
#include "objects/mapped_object.h"
#include "preprocess/make_image_frames.h"

namespace larmor::preprocess {
namespace {

using namespace ingest::testing_files;

class ImageFramesTest : public testing::Test {
protected:
    void SetUp() override {
        auto opened = Library::open({.folder = folder.path() / "library"});
        ASSERT_TRUE(opened) << opened.error().message;
        library = *std::move(opened);
    }
    objects::ObjectStore& store() { return library->store(); }
    objects::StagedObject stage(Bytes bytes) {
        objects::StageRequest request{.key = "test/object", .body = {bytes}};
        auto staged = async::sync_wait(store().stage(std::move(request)));
        EXPECT_TRUE(staged) << staged.error().message;
        return staged.value_or(objects::StagedObject{});
    }
    objects::ObjectLocation keep(Bytes bytes) {
        const auto staged = stage(bytes);
        const auto id = library->database().write_and_wait(
            [&](db::Transaction& tx) { return store().record(tx, staged); });
        EXPECT_TRUE(id) << id.error().message;
        return staged.location;
    }

    TemporaryFolder folder;
    std::unique_ptr<Library> library;
};

ImageFrames two_frames() {
    ImageFrames frames{.form = ImageFrames::Form::Htj2k,
                       .rows = 3,
                       .columns = 4,
                       .file_meta = R"("ImplementationVersionName":"X")",
                       .frames = {}};
    frames.frames.push_back({.range = ByteRange{0, 2},
                             .size_bytes = 2,
                             .checksum = 7,
                             .values = ImageFrame::Values{-1.5, 2}});
    frames.frames.push_back({.size_bytes = 12, .checksum = 0xffffffff});
    return frames;
}
ByteBuffer object_of_two_frames() {
    ByteBuffer bytes(2, std::byte{0x11});
    const auto table = encode_table(two_frames());
    bytes.insert(bytes.end(), table.begin(), table.end());
    return bytes;
}

TEST_F(ImageFramesTest, AreReadBackAllAtOnceAndOneByOne) {
    const auto location = keep(object_of_two_frames());
    const ImageFramesReader reader(store(), location);
    EXPECT_EQ(reader.read_all().value(), two_frames());
    EXPECT_EQ(reader.read(1).value().frame, two_frames().frames[1]);
    EXPECT_EQ(reader.read(0).value().form, ImageFrames::Form::Htj2k);
    EXPECT_EQ(reader.read(2).error().code, ErrorCode::NotFound);
}

// docs/formats/image_frames.md has this one in hex.
TEST_F(ImageFramesTest, OfAReportAreItsMetaGroupAndATrailer) {
    ImageFrames frames{.file_meta = R"("TransferSyntaxUID":"1.2.840.10008.1.2.1")"};
    const auto table = encode_table(frames);
    EXPECT_EQ(
        to_hex(table),
        "225472616e7366657253796e746178554944223a22312e322e3834302e31303030382e312e322e3122"
        "0100000000000000000000000000000029000000"
        "4c494631");
}

TEST_F(ImageFramesTest, AreCorruptWhereverTheObjectIsCutOrItsTrailerLies) {
    const auto whole = object_of_two_frames();
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        const auto location = keep(Bytes(whole).first(size));
        const auto read = ImageFramesReader(store(), location).read_all();
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().code, ErrorCode::Corrupt) << size;
    }
    // More frames than there is room for; a range that ends behind the codestreams.
    for (const std::size_t at : {whole.size() - 12, std::size_t{2 + 8}}) {
        auto other = whole;
        other[at] = std::byte{0xff};
        const auto location = keep(other);
        EXPECT_EQ(ImageFramesReader(store(), location).read_all().error().code,
                  ErrorCode::Corrupt)
            << at;
    }
}

// Its pixels and file meta: dcmdump of CT_small.dcm; the checksum: zlib.crc32 of its Pixel
// Data.
TEST_F(ImageFramesTest, AreMadeOfTheFileAsItIsStored) {
    const auto file = keep(as_bytes(content_of(ct_small())));
    const auto staged = stage_image_frames(store(), file, "test/frames");
    ASSERT_TRUE(staged) << staged.error().message;
    const ImageFrames& made = staged->frames;
    EXPECT_EQ(made.form, ImageFrames::Form::Htj2k);
    EXPECT_EQ(made.rows, 128U);
    EXPECT_EQ(made.columns, 128U);
    EXPECT_NE(made.file_meta.find(R"("FileMetaInformationVersion":"AAE=")"), std::string::npos);
    EXPECT_NE(made.file_meta.find(R"("TransferSyntaxUID":"1.2.840.10008.1.2.1")"),
              std::string::npos);
    ASSERT_EQ(made.frames.size(), 1U);
    EXPECT_EQ(made.frames[0].checksum, 2126523256U);
    EXPECT_EQ(made.frames[0].values, (ImageFrame::Values{128, 2191}));

    const auto mapped = objects::map(store(), file);
    ASSERT_TRUE(mapped);
    const auto opened = dicom::open_file(mapped->bytes());
    ASSERT_TRUE(opened);
    const auto one = make_image_frame(*opened, 0);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->bytes.size(), made.frames[0].size_bytes);
    EXPECT_EQ(make_image_frame(*opened, 1).error().code, ErrorCode::NotFound);
}

TEST_F(ImageFramesTest, OfOneFileAreKeptOnce) {
    const std::string content = content_of(ct_small());
    ASSERT_EQ(async::sync_wait(library->importer().import_bytes(as_bytes(content))).outcome,
              ingest::Outcome::Stored);
    auto& catalog = library->catalog();
    const auto instances = library->database().read(
        [&](db::Snapshot& snapshot) { return catalog.search_instances(snapshot, {}); });
    ASSERT_TRUE(instances);
    const auto file = instances->items.at(0).instance.file.object;
    for (int i = 0; i < 2; ++i) {
        const auto staged = stage(object_of_two_frames());
        ASSERT_TRUE(library->database().write_and_wait([&](db::Transaction& tx) {
            return record_image_frames(tx, store(), catalog, file, staged);
        }));
    }
    const auto objects = library->database().read(
        [&](db::Snapshot& snapshot) { return catalog.find_image_frames(snapshot, file); });
    ASSERT_TRUE(objects);
    ASSERT_TRUE(*objects);
    EXPECT_TRUE(store().locate(**objects));
    // The second one was let go of.
    EXPECT_FALSE(store().locate(objects::ObjectId{objects::to_int64(**objects) + 1}));
}

}  // namespace
}  // namespace larmor::preprocess
