#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "api/dicomweb/explicit_file.h"
#include "api/tests/api_fixture.h"
#include "base/hash.h"
#include "dicom/json_write.h"
#include "dicom/values.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view kAllAsStored =
    R"(multipart/related; type="application/dicom"; transfer-syntax=*)";
constexpr std::string_view kFramesAsStored =
    R"(multipart/related; type="application/octet-stream"; transfer-syntax=*)";
constexpr std::string_view kFramesNative =
    R"(multipart/related; type="application/octet-stream")";

/// Real files of every transfer syntax that we decode, native, deflated, big endian and
/// compressed, with one frame and several, grey and colour.
const std::vector<std::string> kFiles = {
    "syntax/pydicom/CT_small.dcm",
    "syntax/pydicom/MR_small.dcm",
    "syntax/pydicom/SC_rgb_small_odd.dcm",
    "syntax/pydicom/SC_rgb_rle_2frame.dcm",
    "syntax/pydicom/rtdose.dcm",
    "syntax/pydicom/693_J2KI.dcm",
    "syntax/pydicom/SC_rgb_jpeg_dcmtk.dcm",
    "syntax/wg04-nm1/NM1_JLSL",
    "syntax/multi/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm",
    "syntax/multi/2023-04-21-RLEPlanarConfigurationYBR_FULL.dcm",
    "syntax/pydicom/image_dfl.dcm",
    "syntax/pydicom/ExplVR_BigEnd.dcm",
    "modality/seg/seg_image_ct_binary_overlap.dcm",
    "modality/us/examples_palette.dcm",
    "modality/us/examples_ybr_color.dcm",
    "modality/sr/test-SR.dcm",
};

struct Stored {
    std::filesystem::path path;
    std::string bytes;
    FileUids uids;
};

struct RetrieveTest : testing::Test {
    static void SetUpTestSuite() {
        api_ = std::make_unique<ApiServer>();
        std::set<std::string> seen;
        for (const std::string& name : kFiles) {
            const auto path = test_file(name);
            if (!path) {
                continue;
            }
            std::string bytes = content_of(*path);
            FileUids uids = uids_of(bytes);
            EXPECT_TRUE(seen.insert(uids.instance).second) << name << " is there twice";
            const auto response = api_->store({bytes});
            EXPECT_EQ(response.status, 200) << name << ": " << response.body;
            stored_.push_back({*path, std::move(bytes), std::move(uids)});
        }
        api_->wait_until_prepared();
    }
    static void TearDownTestSuite() {
        api_.reset();
        stored_.clear();
    }
    static inline std::unique_ptr<ApiServer> api_;
    static inline std::vector<Stored> stored_;

    static http::ClientResponse get(const std::string& path, std::string_view accept = {},
                                    http::Headers headers = {}) {
        if (!accept.empty()) {
            headers.add("Accept", accept);
        }
        return api_->get("/dicomweb" + path, std::move(headers));
    }
    static const Stored& file(std::string_view name) {
        const auto found = std::ranges::find_if(
            stored_, [&](const Stored& s) { return s.path.filename() == name; });
        LARMOR_CHECK(found != stored_.end());
        return *found;
    }
};

TEST_F(RetrieveTest, AStarGivesEveryInstanceAsItCame) {
    for (const Stored& stored : stored_) {
        const auto response = get(stored.uids.path(), kAllAsStored);
        ASSERT_EQ(response.status, 200) << stored.path;
        const auto parts = parts_of(response);
        ASSERT_THAT(parts, SizeIs(1));
        EXPECT_EQ(parts[0].data, stored.bytes) << stored.path;
        EXPECT_EQ(parts[0].content_type,
                  "application/dicom; transfer-syntax=" + stored.uids.transfer_syntax);
    }
}

TEST_F(RetrieveTest, NoTransferSyntaxGivesExplicitLittleEndianWithEqualValues) {
    // What the coding of the pixels may change: PS3.5 section 8.2.
    const std::set<std::uint32_t> coding = {0x00280004, 0x00280006, 0x7fe00010};
    for (const Stored& stored : stored_) {
        const auto response =
            get(stored.uids.path(), R"(multipart/related; type="application/dicom")");
        ASSERT_EQ(response.status, 200) << stored.path << response.body.substr(0, 300);
        const auto parts = parts_of(response);
        ASSERT_THAT(parts, SizeIs(1)) << stored.path;
        EXPECT_EQ(parts[0].content_type,
                  "application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
        const auto sent = dicom::open_file(as_bytes(parts[0].data));
        ASSERT_TRUE(sent) << stored.path << sent.error().message;
        EXPECT_EQ(sent->transfer_syntax_uid, "1.2.840.10008.1.2.1");
        const auto original = dicom::open_file(as_bytes(stored.bytes));
        const auto before = dicom::Attributes::read(original->data_set, original->encoding);
        const auto after = dicom::Attributes::read(sent->data_set, sent->encoding);
        ASSERT_TRUE(before && after) << stored.path;
        for (const auto& element : before->elements()) {
            if (coding.contains(element.tag.value()) || element.tag.is_group_length() ||
                element.vr == dicom::vr::SQ || element.vr == dicom::vr::UN) {
                continue;
            }
            const auto* same = after->find(element.tag);
            ASSERT_NE(same, nullptr) << stored.path << to_string(element.tag);
            if (dicom::is_binary(element.vr) || element.vr == dicom::vr::US ||
                element.vr == dicom::vr::SS || element.vr == dicom::vr::UL ||
                element.vr == dicom::vr::FD || element.vr == dicom::vr::FL) {
                EXPECT_EQ(before->decimals(element.tag), after->decimals(element.tag))
                    << stored.path << to_string(element.tag);
            } else {
                EXPECT_EQ(before->texts(element.tag), after->texts(element.tag))
                    << stored.path << to_string(element.tag);
            }
        }
    }
}

TEST_F(RetrieveTest, DecodedPixelsOfLosslessFormsEqualTheUncompressedReference) {
    // The WG-04 files are one image in many codings, made by others.
    const auto reference = test_file("syntax/wg04-ct2/CT2_UNC");
    if (!reference) {
        GTEST_SKIP() << "the WG-04 images are not on this machine";
    }
    const auto pixels_of = [](const std::string& bytes) {
        const auto file = dicom::open_file(as_bytes(bytes));
        const auto found = dicom::find(file->data_set, file->encoding, {0x7fe0, 0x0010});
        return to_string((*found)->value);
    };
    const std::string expected = pixels_of(content_of(*reference));
    for (const auto* name : {"CT2_RLE", "CT2_J2KR", "CT2_JLSL", "CT2_JPLL"}) {
        ApiServer api;
        const std::string bytes =
            content_of(*test_file(std::string("syntax/wg04-ct2/") + name));
        api.store({bytes});
        api.wait_until_prepared();
        const auto response = api.get("/dicomweb" + uids_of(bytes).path());
        ASSERT_EQ(response.status, 200) << name;
        EXPECT_EQ(pixels_of(parts_of(response).at(0).data), expected) << name;
        const auto frame = api.get("/dicomweb" + uids_of(bytes).path() + "/frames/1",
                                   {{"Accept", std::string(kFramesNative)}});
        EXPECT_EQ(parts_of(frame).at(0).data, expected) << name;
    }
}

TEST_F(RetrieveTest, FramesAsStoredEqualThoseOfPydicom) {
    std::vector<std::string> arguments = {"frames"};
    std::map<std::string, const Stored*> by_path;
    for (const Stored& stored : stored_) {
        if (stored.path.filename() == "test-SR.dcm") {
            continue;  // has none
        }
        arguments.push_back(stored.path.string());
        by_path[stored.path.string()] = &stored;
    }
    std::size_t compared = 0;
    for (const std::string& line : ask_oracle(arguments)) {
        const auto first_tab = line.find('\t');
        const auto second_tab = line.find('\t', first_tab + 1);
        const Stored& stored = *by_path.at(line.substr(0, first_tab));
        const std::string number = line.substr(first_tab + 1, second_tab - first_tab - 1);
        const auto response = get(stored.uids.path() + "/frames/" + number, kFramesAsStored);
        ASSERT_EQ(response.status, 200) << line << response.body.substr(0, 300);
        const auto parts = parts_of(response);
        ASSERT_THAT(parts, SizeIs(1)) << line;
        EXPECT_EQ(to_hex(sha256(as_bytes(parts[0].data))), line.substr(second_tab + 1)) << line;
        ++compared;
    }
    EXPECT_GE(compared, by_path.size());
}

TEST_F(RetrieveTest, AFrameListComesInTheOrderAskedFor) {
    const Stored& dose = file("rtdose.dcm");
    const auto response = get(dose.uids.path() + "/frames/3,1,2", kFramesNative);
    // They go out as they lie in the file, so a client can know how much is to come.
    EXPECT_EQ(response.headers.get("Content-Length"), std::to_string(response.body.size()));
    const auto parts = parts_of(response);
    ASSERT_THAT(parts, SizeIs(3));
    for (const auto& [index, number] : {std::pair{0, "3"}, {1, "1"}, {2, "2"}}) {
        const auto one = parts_of(get(dose.uids.path() + "/frames/" + number, kFramesNative));
        EXPECT_EQ(parts.at(static_cast<std::size_t>(index)).data, one.at(0).data);
    }
}

TEST_F(RetrieveTest, RefusesFramesThatThereAreNot) {
    const Stored& ct = file("CT_small.dcm");
    EXPECT_EQ(get(ct.uids.path() + "/frames/2").status, 404);
    for (const auto* list : {"0", "x", "1,", "1,,2", "-1", "99999999999"}) {
        EXPECT_EQ(get(ct.uids.path() + "/frames/" + list).status, 400) << list;
    }
    EXPECT_EQ(get(file("test-SR.dcm").uids.path() + "/frames/1").status, 404);
    EXPECT_EQ(get(ct.uids.path() + "/frames/1", "image/jls").status, 406);
    EXPECT_EQ(
        get(ct.uids.path() + "/frames/1", R"(multipart/related; type="image/jpeg")").status,
        406);
}

TEST_F(RetrieveTest, OneFrameMayComeAloneWithRangesAndATag) {
    const Stored& ct = file("CT_small.dcm");
    const auto whole = get(ct.uids.path() + "/frames/1", "application/octet-stream");
    ASSERT_EQ(whole.status, 200);
    EXPECT_EQ(whole.body.size(), 128U * 128 * 2);
    const auto range = get(ct.uids.path() + "/frames/1", "application/octet-stream",
                           {{"Range", "bytes=100-199"}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(range.body, whole.body.substr(100, 100));
    const auto again = get(ct.uids.path() + "/frames/1", "application/octet-stream",
                           {{"If-None-Match", std::string(whole.headers.get("ETag"))}});
    EXPECT_EQ(again.status, 304);
    EXPECT_TRUE(again.body.empty());

    const Stored& jpeg = file("SC_rgb_jpeg_dcmtk.dcm");
    const auto codestream = get(jpeg.uids.path() + "/frames/1", "image/jpeg");
    EXPECT_EQ(codestream.status, 200);
    EXPECT_TRUE(codestream.body.starts_with("\xff\xd8\xff")) << "SOI of a JPEG";
}

TEST_F(RetrieveTest, AnInstanceMayComeAloneWithRangesAndATag) {
    const Stored& ct = file("CT_small.dcm");
    const auto whole = get(ct.uids.path(), "application/dicom; transfer-syntax=*");
    ASSERT_EQ(whole.status, 200);
    EXPECT_EQ(whole.body, ct.bytes);
    const auto range = get(ct.uids.path(), "application/dicom; transfer-syntax=*",
                           {{"Range", "bytes=128-131"}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(range.body, "DICM");
    EXPECT_EQ(range.headers.get("Content-Range"),
              "bytes 128-131/" + std::to_string(ct.bytes.size()));
    EXPECT_EQ(get(ct.uids.path(), "application/dicom; transfer-syntax=*",
                  {{"If-None-Match", std::string(whole.headers.get("ETag"))}})
                  .status,
              304);
}

TEST_F(RetrieveTest, StudiesAndSeriesComeWhole) {
    const Stored& ct = file("CT_small.dcm");
    for (const std::string& path :
         {"/studies/" + ct.uids.study,
          "/studies/" + ct.uids.study + "/series/" + ct.uids.series}) {
        const auto parts = parts_of(get(path, kAllAsStored));
        ASSERT_THAT(parts, SizeIs(1)) << path;
        EXPECT_EQ(parts[0].data, ct.bytes);
    }
    EXPECT_EQ(get("/studies/" + ct.uids.study, "application/dicom").status, 406)
        << "many instances have no single body";
}

TEST_F(RetrieveTest, RefusesWhatCannotBeMade) {
    const Stored& ct = file("CT_small.dcm");
    const auto lossy = get(ct.uids.path(), R"(multipart/related; type="application/dicom"; )"
                                           R"(transfer-syntax=1.2.840.10008.1.2.4.50)");
    EXPECT_EQ(lossy.status, 406);
    EXPECT_THAT(lossy.body, HasSubstr("transfer-syntax=*"));
    EXPECT_EQ(get(ct.uids.path(), "application/pdf").status, 406);
    EXPECT_EQ(get("/studies/1.2.3.4.5.6").status, 404);
    EXPECT_EQ(get("/studies/" + ct.uids.study + "/series/1.2/instances/1.2").status, 404);
    EXPECT_EQ(get("/studies/x/series/1.2/instances/1.2").status, 400);
    EXPECT_EQ(get("/studies/%2e%2e").status, 400);
}

TEST_F(RetrieveTest, MetadataEqualsWhatTheJsonWriterMakes) {
    for (const Stored& stored : stored_) {
        const auto response = get(stored.uids.path() + "/metadata");
        ASSERT_EQ(response.status, 200) << stored.path << response.body;
        EXPECT_EQ(response.headers.get("Content-Type"), "application/dicom+json");
        const auto opened = dicom::open_file(as_bytes(stored.bytes));
        std::string expected = "[";
        ASSERT_TRUE(dicom::write_json(
            expected, opened->data_set, opened->encoding,
            {.bulk_data_uri = dicom::bulk_data_uri_under(api_->base() + stored.uids.path())}));
        expected += ']';
        EXPECT_EQ(response.body, expected) << stored.path;
        const auto series = get("/studies/" + stored.uids.study + "/series/" +
                                stored.uids.series + "/metadata");
        EXPECT_THAT(series.body, HasSubstr(expected.substr(1, expected.size() - 2)))
            << stored.path;
    }
}

TEST_F(RetrieveTest, MetadataIsCompressedAndTagged) {
    const Stored& ct = file("CT_small.dcm");
    for (const std::string& path :
         {ct.uids.path() + "/metadata", "/studies/" + ct.uids.study + "/metadata"}) {
        const auto compressed = get(path, {}, {{"Accept-Encoding", "gzip"}});
        EXPECT_EQ(compressed.status, 200);
        EXPECT_EQ(compressed.headers.get("Content-Encoding"), "gzip") << path;
        EXPECT_TRUE(compressed.body.starts_with("\x1f\x8b")) << path;
        const std::string etag(compressed.headers.get("ETag"));
        ASSERT_FALSE(etag.empty());
        EXPECT_EQ(get(path, {}, {{"Accept-Encoding", "gzip"}, {"If-None-Match", etag}}).status,
                  304)
            << path;
        const auto plain = get(path);
        EXPECT_NE(plain.headers.get("ETag"), etag);
        EXPECT_TRUE(plain.body.starts_with("[{"));
    }
    EXPECT_EQ(get(ct.uids.path() + "/metadata", "application/dicom+xml").status, 406);
}

TEST_F(RetrieveTest, EveryBulkDataUriOfOurMetadataGivesItsValue) {
    std::size_t followed = 0;
    for (const Stored& stored : stored_) {
        const auto opened = dicom::open_file(as_bytes(stored.bytes));
        std::vector<std::pair<std::string, std::string>> expected;  // path, value
        std::string json;
        ASSERT_TRUE(dicom::write_json(
            json, opened->data_set, opened->encoding,
            {.bulk_data_uri = [&](std::string& out, const dicom::BulkValue& value) {
                std::string path;
                dicom::append_bulk_data_path(path, value);
                out += path;
                if (!value.encapsulated && opened->encoding.order == dicom::ByteOrder::Little) {
                    expected.emplace_back(path, to_string(value.value));
                } else {
                    expected.emplace_back(path, "");
                }
            }}));
        for (const auto& [path, value] : expected) {
            const auto response = get(stored.uids.path() + "/bulkdata/" + path);
            ASSERT_EQ(response.status, 200) << stored.path << path << response.body;
            const auto parts = parts_of(response);
            ASSERT_FALSE(parts.empty());
            if (!value.empty()) {
                EXPECT_EQ(parts[0].data, value) << stored.path << path;
                const auto alone = get(stored.uids.path() + "/bulkdata/" + path,
                                       "application/octet-stream", {{"Range", "bytes=1-5"}});
                EXPECT_EQ(alone.status, 206);
                EXPECT_EQ(alone.body, value.substr(1, 5));
            }
            ++followed;
        }
    }
    EXPECT_GE(followed, 10U);
    const Stored& ct = file("CT_small.dcm");
    EXPECT_EQ(get(ct.uids.path() + "/bulkdata/00091010").status, 404);
    EXPECT_EQ(get(ct.uids.path() + "/bulkdata/nonsense").status, 400);
}

TEST_F(RetrieveTest, MultipartBodiesHaveAWeakTag) {
    // A boundary is another one each time, the content is not.
    const Stored& ct = file("CT_small.dcm");
    const Stored& jpeg = file("SC_rgb_jpeg_dcmtk.dcm");
    const std::string study = "/studies/" + ct.uids.study;
    for (const auto& [path, accept] :
         {std::pair{ct.uids.path(), std::string_view()},
          {jpeg.uids.path(), std::string_view()},
          {jpeg.uids.path(), kAllAsStored},
          {ct.uids.path() + "/frames/1", kFramesNative},
          {jpeg.uids.path() + "/frames/1", kFramesNative},
          {jpeg.uids.path() + "/frames/1", kFramesAsStored},
          {ct.uids.path() + "/bulkdata/7FE00010", std::string_view()},
          {study, kAllAsStored},
          {study + "/series/" + ct.uids.series, std::string_view()}}) {
        const auto whole = get(path, accept);
        ASSERT_EQ(whole.status, 200) << path;
        const std::string etag(whole.headers.get("ETag"));
        EXPECT_TRUE(etag.starts_with("W/\"")) << path << etag;
        EXPECT_EQ(whole.headers.joined("Vary"), "Accept") << path;
        const auto again = get(path, accept, {{"If-None-Match", etag}});
        EXPECT_EQ(again.status, 304) << path;
        EXPECT_TRUE(again.body.empty());
        EXPECT_EQ(again.headers.get("ETag"), etag);
        EXPECT_EQ(get(path, accept, {{"If-None-Match", "W/\"other\""}}).status, 200);
    }
    // Another form is another representation.
    EXPECT_NE(get(jpeg.uids.path()).headers.get("ETag"),
              get(jpeg.uids.path(), kAllAsStored).headers.get("ETag"));
    EXPECT_NE(get(jpeg.uids.path() + "/frames/1", kFramesNative).headers.get("ETag"),
              get(jpeg.uids.path() + "/frames/1", kFramesAsStored).headers.get("ETag"));
    EXPECT_NE(get("/studies/" + jpeg.uids.study).headers.get("ETag"),
              get("/studies/" + jpeg.uids.study, kAllAsStored).headers.get("ETag"));
    const Stored& dose = file("rtdose.dcm");
    EXPECT_NE(get(dose.uids.path() + "/frames/1,2").headers.get("ETag"),
              get(dose.uids.path() + "/frames/2,1").headers.get("ETag"));
}

TEST_F(RetrieveTest, HeadSaysWhatGetWouldSend) {
    const Stored& ct = file("CT_small.dcm");
    const auto response =
        api_->send({.method = "HEAD",
                    .target = "/dicomweb" + ct.uids.path(),
                    .headers = {{"Accept", "application/dicom; transfer-syntax=*"}}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("Content-Length"), std::to_string(ct.bytes.size()));
    EXPECT_TRUE(response.body.empty());
}

TEST(RetrieveBare, ADataSetWithoutFileMetaGoesOutWithIt) {
    const auto path = test_file("syntax/pydicom/ExplVR_LitEndNoMeta.dcm");
    ASSERT_TRUE(path);
    const std::string bare = content_of(*path);
    ApiServer api;
    EXPECT_EQ(api.store({bare}).status, 200);
    api.wait_until_prepared();
    const auto stored = dicom::open_file(as_bytes(bare));
    ASSERT_TRUE(stored);
    const FileUids uids = uids_of(bare);
    for (const std::string& target :
         {"/dicomweb" + uids.path(), "/dicomweb/studies/" + uids.study}) {
        const auto parts = parts_of(api.get(target));
        ASSERT_THAT(parts, SizeIs(1)) << target;
        EXPECT_EQ(parts[0].data.substr(128, 4), "DICM") << target;
        const auto sent = dicom::open_file(as_bytes(parts[0].data));
        ASSERT_TRUE(sent);
        EXPECT_EQ(to_string(sent->data_set), to_string(stored->data_set));
        EXPECT_EQ(parts_of(api.get(target, {{"Accept", std::string(kAllAsStored)}})).at(0).data,
                  bare)
            << "as it came";
    }
}

TEST(RetrieveUnprepared, AnswersBeforePreprocessHasCome) {
    // The preprocessor is stopped: everything is made when it is asked for.
    ApiServer api;
    api.library->preprocessor().stop();
    const auto path = test_file("syntax/pydicom/SC_rgb_rle_2frame.dcm");
    ASSERT_TRUE(path);
    const std::string bytes = content_of(*path);
    EXPECT_EQ(api.store({bytes}).status, 200);
    const std::string target = "/dicomweb" + uids_of(bytes).path();
    EXPECT_EQ(api.get(target + "/metadata").status, 200);
    EXPECT_EQ(api.get(target + "/frames/2").status, 200);
    EXPECT_EQ(api.get(target + "/rendered").status, 200);
    EXPECT_EQ(api.get(target + "/thumbnail").status, 200);
    EXPECT_EQ(api.get(target).status, 200);
}

TEST(RetrieveMany, AStudyOfManyInstancesComesInPages) {
    ApiServer api;
    std::vector<std::string> instances;
    for (int i = 0; i < 600; ++i) {
        instances.push_back(make_instance({.instance = "1.2.3.1." + std::to_string(i)}));
    }
    EXPECT_EQ(api.store(instances).status, 200);
    const auto parts =
        parts_of(api.get("/dicomweb/studies/1.2.3", {{"Accept", std::string(kAllAsStored)}}));
    // Instances of one request are stored side by side: they come back in no promised order.
    std::vector<std::string> returned;
    for (const auto& part : parts) returned.push_back(part.data);
    std::ranges::sort(returned);
    std::ranges::sort(instances);
    EXPECT_TRUE(returned == instances) << returned.size() << " of " << instances.size();
    const auto metadata = api.get("/dicomweb/studies/1.2.3/metadata");
    std::size_t count = 0;
    for (auto at = metadata.body.find("\"00080018\""); at != std::string::npos;
         at = metadata.body.find("\"00080018\"", at + 1)) {
        ++count;
    }
    EXPECT_EQ(count, 600U);
}

}  // namespace
}  // namespace larmor::api
