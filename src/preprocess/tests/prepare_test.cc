#include "preprocess/prepare.h"

#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "pixels/frame_index.h"

namespace larmor::preprocess {
namespace {

namespace fs = std::filesystem;

/// The real files beside the checkout, or those that Debian's python3-pydicom installs.
std::vector<fs::path> real_files() {
    fs::path root = LARMOR_SOURCE_DIR "/../shared/data/dicom";
    if (!fs::exists(root)) {
        std::cerr << "NOTE: no ../shared/data/dicom here; only the files of python3-pydicom "
                     "are read\n";
        root = "/usr/lib/python3/dist-packages/pydicom/data/test_files";
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

/// The reasons that we give for having no picture, by what they begin with: a new one fails the
/// test and is looked at.
bool is_known_reason(std::string_view reason) {
    constexpr std::array<std::string_view, 7> kKnown = {"this SOP class holds no image",
                                                        "the image has no Pixel Data",
                                                        "no decoder for",
                                                        "unknown transfer syntax",
                                                        "image: ",
                                                        "JPEG 2000: ",
                                                        "the image has no frames"};
    return std::ranges::any_of(
        kKnown, [&](std::string_view known) { return reason.starts_with(known); });
}

bool is_jpeg(std::string_view bytes) {
    return bytes.size() > 4 && bytes.starts_with("\xff\xd8") && bytes.ends_with("\xff\xd9");
}

TEST(Prepare, EveryRealFileGetsMetadataAndAPictureOrTheReason) {
    std::size_t pictures = 0;
    std::map<std::string, std::vector<std::string>> reasons;
    for (const fs::path& path : real_files()) {
        const auto mapped = MappedFile::open(path);
        ASSERT_TRUE(mapped) << path;
        const auto file = dicom::open_file(mapped->bytes());
        if (!file) continue;
        const auto prepared = prepare(*file);
        if (!prepared) continue;  // the reader's own tests say which files can't be read
        EXPECT_TRUE(prepared->metadata.starts_with("{") && prepared->metadata.ends_with("}"))
            << path;
        EXPECT_NE(prepared->thumbnail.empty(), prepared->no_picture_because.empty()) << path;
        if (prepared->thumbnail.empty()) {
            reasons[prepared->no_picture_because].push_back(path.filename());
            continue;
        }
        ++pictures;
        EXPECT_TRUE(is_jpeg(prepared->thumbnail)) << path;
        EXPECT_GT(prepared->frame_count, 0U) << path;
        EXPECT_TRUE(pixels::FrameIndexView::open(prepared->frame_index)) << path;
    }
    EXPECT_GT(pictures, 30U);
    for (const auto& [reason, files] : reasons) {
        EXPECT_TRUE(is_known_reason(reason)) << reason << ": " << testing::PrintToString(files);
    }
}

TEST(Prepare, ServiceBaseGoesWhereUrlsBegin) {
    const auto mapped =
        MappedFile::open("/usr/lib/python3/dist-packages/pydicom/data/test_files/CT_small.dcm");
    const auto file = dicom::open_file(mapped->bytes());
    const auto prepared = prepare(*file);
    ASSERT_TRUE(prepared);
    std::string text;
    const auto path = instance_path("1.3.6.1.4.1.5962.1.2.1.20040119072730.12322",
                                    "1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322",
                                    "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322");
    append_with_urls(text, prepared->metadata, {.base = "http://host/dicomweb"}, path);
    EXPECT_EQ(text.find(kServiceBase), std::string::npos);
    EXPECT_THAT(
        text, testing::HasSubstr(
                  "\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"http://host/dicomweb/studies/"
                  "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322/series/"
                  "1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322/instances/"
                  "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322/bulkdata/7FE00010\"}"));
    // By pydicom and numpy: pixel_array from 128 to 2191, RescaleIntercept -1024.
    ASSERT_TRUE(prepared->statistics);
    EXPECT_EQ(prepared->statistics->stored_min, 128);
    EXPECT_EQ(prepared->statistics->stored_max, 2191);
    EXPECT_EQ(prepared->statistics->modality_min, 128 - 1024);
    EXPECT_EQ(prepared->frame_count, 1U);
}

TEST(AppendWithUrls, LeavesTextWithoutUrlsAlone) {
    std::string text = "before ";
    append_with_urls(text, "{\"00080005\":{}}", {.base = "http://host"}, "/here");
    EXPECT_EQ(text, "before {\"00080005\":{}}");
}

TEST(AppendWithUrls, NamesTheInstanceAsItIsCalledNow) {
    std::string text;
    append_with_urls(
        text,
        "{\"1\":{\"BulkDataURI\":\"\x01/studies/1/series/2/instances/3/bulkdata/0/1\"},"
        "\"2\":{\"BulkDataURI\":\"\x01/studies/1/series/2/instances/3/bulkdata/2\"}}",
        {.base = "http://host", .query = "?imageSetId=a"}, "/studies/7");
    EXPECT_EQ(text,
              "{\"1\":{\"BulkDataURI\":\"http://host/studies/7/bulkdata/0/1?imageSetId=a\"},"
              "\"2\":{\"BulkDataURI\":\"http://host/studies/7/bulkdata/2?imageSetId=a\"}}");
}

}  // namespace
}  // namespace larmor::preprocess
