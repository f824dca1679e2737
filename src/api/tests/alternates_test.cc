#include "api/tests/api_fixture.h"
#include "base/ids.h"
#include "base/tests/run_command.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr auto kRle = "1.2.840.10008.1.2.5";
constexpr auto kJpegLsLossless = "1.2.840.10008.1.2.4.80";
constexpr auto kExplicit = "1.2.840.10008.1.2.1";

std::string as(std::string_view type, std::string_view syntax) {
    std::string accept = "multipart/related; type=\"" + std::string(type) + "\"";
    if (!syntax.empty()) {
        accept += "; transfer-syntax=" + std::string(syntax);
    }
    return accept;
}

/// One CT in three encodings, the two compressed ones by DCMTK; which one is the primary is up
/// to the test.
struct AlternatesTest : testing::Test {
    void SetUp() override {
        const auto file = test_file("syntax/pydicom/CT_small.dcm");
        ASSERT_TRUE(file);
        folder_ = std::filesystem::temp_directory_path() / ("larmor-alternates-" + random_id());
        std::filesystem::create_directories(folder_);
        native_ = content_of(*file);
        rle_ = made_by("dcmcrle", *file);
        jpeg_ls_ = made_by("dcmcjpls", *file);
        uids_ = uids_of(native_);
        ASSERT_EQ(uids_of(rle_).instance, uids_.instance);
        ASSERT_EQ(uids_of(jpeg_ls_).transfer_syntax, kJpegLsLossless);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string made_by(const std::string& tool, const std::filesystem::path& file) {
        const auto out = folder_ / (tool + ".dcm");
        const std::string command = tool + " '" + file.string() + "' '" + out.string() + "'";
        EXPECT_EQ(larmor::test::run_command(command), 0) << command << ": install dcmtk";
        return content_of(out);
    }
    void store(const std::vector<std::string>& encodings) {
        for (const std::string& encoding : encodings) {
            ASSERT_EQ(api_.store({encoding}).status, 200);
        }
        api_.wait_until_prepared();
    }
    http::ClientResponse get(const std::string& below, const std::string& accept) {
        return api_.get("/dicomweb" + uids_.path() + below, {{"Accept", accept}});
    }
    std::string frame(const std::string& accept) {
        const auto response = get("/frames/1", accept);
        EXPECT_EQ(response.status, 200) << accept << response.body;
        const auto parts = parts_of(response);
        return parts.empty() ? std::string() : parts[0].data;
    }

    ApiServer api_;
    std::filesystem::path folder_;
    std::string native_, rle_, jpeg_ls_;
    FileUids uids_;
};

TEST_F(AlternatesTest, TheEncodingThatIsAskedForIsServedAsItCame) {
    store({native_, rle_, jpeg_ls_});
    for (const auto& [syntax, expected] : {std::pair{"", &native_},
                                           {"*", &native_},
                                           {kExplicit, &native_},
                                           {kRle, &rle_},
                                           {kJpegLsLossless, &jpeg_ls_}}) {
        const auto parts = parts_of(get("", as("application/dicom", syntax)));
        ASSERT_THAT(parts, SizeIs(1)) << syntax;
        EXPECT_EQ(parts[0].data, *expected) << syntax;
        EXPECT_EQ(parts[0].content_type,
                  "application/dicom; transfer-syntax=" + uids_of(*expected).transfer_syntax);
    }
    // As a single body, with a tag and ranges of its own.
    const auto alone =
        get("", "application/dicom; transfer-syntax=" + std::string(kJpegLsLossless));
    EXPECT_EQ(alone.body, jpeg_ls_);
    EXPECT_NE(alone.headers.get("ETag"),
              get("", "application/dicom; transfer-syntax=*").headers.get("ETag"));
    // The whole study and series too.
    for (const std::string& path :
         {"/studies/" + uids_.study, "/studies/" + uids_.study + "/series/" + uids_.series}) {
        const auto response = api_.get("/dicomweb" + path,
                                       {{"Accept", as("application/dicom", kJpegLsLossless)}});
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(parts_of(response).at(0).data, jpeg_ls_);
    }
}

TEST_F(AlternatesTest, WhatNobodySentIsStillRefused) {
    store({native_, rle_});
    for (const auto* syntax : {"1.2.840.10008.1.2.4.50", kJpegLsLossless}) {
        const auto response = get("", as("application/dicom", syntax));
        EXPECT_EQ(response.status, 406) << syntax;
        EXPECT_THAT(response.body, HasSubstr(kRle)) << "what there is";
        EXPECT_EQ(api_.get("/dicomweb/studies/" + uids_.study,
                           {{"Accept", as("application/dicom", syntax)}})
                      .status,
                  406);
    }
    EXPECT_EQ(get("/frames/1", "image/jls").status, 406);
}

TEST_F(AlternatesTest, ANativeAlternateIsSentInsteadOfDecoding) {
    store({rle_, native_});
    EXPECT_EQ(parts_of(get("", as("application/dicom", "*"))).at(0).data, rle_);
    EXPECT_EQ(parts_of(get("", as("application/dicom", ""))).at(0).data, native_)
        << "byte for byte what was sent, not written again";
}

TEST_F(AlternatesTest, FramesComeFromTheEncodingThatHasThem) {
    store({native_, jpeg_ls_, rle_});
    const auto native = frame(as("application/octet-stream", ""));
    EXPECT_THAT(native, SizeIs(128U * 128 * 2));
    const auto jls = get("/frames/1", "image/jls");
    EXPECT_EQ(jls.status, 200) << jls.body;
    EXPECT_EQ(jls.headers.get("Content-Type"),
              "image/jls; transfer-syntax=" + std::string(kJpegLsLossless));
    EXPECT_THAT(jpeg_ls_, HasSubstr(jls.body)) << "the codestream as DCMTK wrote it";
    EXPECT_EQ(frame(as("image/jls", "")), jls.body);
    EXPECT_EQ(frame(as("application/octet-stream", kJpegLsLossless)), jls.body);
    EXPECT_THAT(rle_, HasSubstr(frame(as("image/dicom-rle", kRle))));
    EXPECT_EQ(frame(as("application/octet-stream", "*")), native) << "* is the primary";
    // Pixel Data as bulk data is its frames.
    EXPECT_EQ(get("/bulkdata/7FE00010", "image/jls").body, jls.body);
    EXPECT_EQ(get("/bulkdata/7FE00010", "application/octet-stream").body, native);
}

TEST_F(AlternatesTest, FramesOfACompressedPrimaryNeedNoDecoderWhereANativeOneIsThere) {
    store({jpeg_ls_});
    const auto decoded = frame(as("application/octet-stream", ""));
    store({native_});
    EXPECT_EQ(frame(as("application/octet-stream", "")), decoded);
    const auto alone = get("/frames/1", "application/octet-stream");
    EXPECT_EQ(alone.body, decoded);
    EXPECT_THAT(native_, HasSubstr(alone.body));
}

}  // namespace
}  // namespace larmor::api
