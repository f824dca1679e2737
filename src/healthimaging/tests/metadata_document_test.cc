#include "healthimaging/metadata_document.h"

#include "healthimaging/frame_id.h"

namespace larmor::healthimaging {
namespace {

const std::string kOurDatastore(32, 'd');
const std::string kImageSet(32, 'a');

catalog::StoredInstance instance_of(std::int64_t object, const std::string& uid) {
    catalog::StoredInstance instance;
    instance.series_instance_uid = "1.2.3";
    instance.attributes.sop_instance_uid = uid;
    instance.file.object = objects::ObjectId{object};
    instance.file.transfer_syntax_uid = "1.2.840.10008.1.2.4.50";
    return instance;
}
std::string json_of(const std::string& patient_id, const std::string& number) {
    return R"({"00100020":{"vr":"LO","Value":[")" + patient_id +
           R"("]},"00200013":{"vr":"IS","Value":[)" + number + "]}}";
}

TEST(MetadataDocument, SaysWhatAllInstancesShareOnceAndWhatOneHasElseInThatOne) {
    MetadataDocument document(kOurDatastore, kImageSet);
    std::string out;
    std::string first = json_of("P1", "1");
    std::string second = json_of("P2", "2");
    ASSERT_TRUE(document.add(instance_of(1, "1.2.3.1"), first, {}, out));
    ASSERT_TRUE(document.add(instance_of(2, "1.2.3.2"), second, {}, out));
    document.end(out);
    EXPECT_EQ(out, R"({"SchemaVersion":"1.1","DatastoreID":")" + kOurDatastore +
                       R"(","ImageSetID":")" + kImageSet +
                       R"(","Patient":{"DICOM":{"PatientID":"P1"}},)"
                       R"("Study":{"DICOM":{},"Series":{"1.2.3":{"DICOM":{},"Instances":{)"
                       R"("1.2.3.1":{"DICOM":{"InstanceNumber":"1 "},"DICOMVRs":{},)"
                       R"("StoredTransferSyntaxUID":"1.2.840.10008.1.2.4.50",)"
                       R"("ChecksumType":"COMPRESSED","ImageFrames":[]},)"
                       R"("1.2.3.2":{"DICOM":{"PatientID":"P2","InstanceNumber":"2 "},)"
                       R"("DICOMVRs":{},"StoredTransferSyntaxUID":"1.2.840.10008.1.2.4.50",)"
                       R"("ChecksumType":"COMPRESSED","ImageFrames":[]}}}}}})");
}

TEST(MetadataDocument, NamesSeriesAndInstancesAsTheVersionDoes) {
    MetadataDocument document(kOurDatastore, kImageSet);
    std::string out;
    // The rows are as the latest version has them.
    std::string json = R"({"00080018":{"vr":"UI","Value":["9.1.1"]},)"
                       R"("0020000E":{"vr":"UI","Value":["9.1"]}})";
    ASSERT_TRUE(document.add(instance_of(1, "1.2.3.1"), json, {}, out));
    EXPECT_NE(out.find(R"("Series":{"9.1":{"DICOM":{"SeriesInstanceUID":"9.1"},"Instances":{)"
                       R"("9.1.1":{"DICOM":{"SOPInstanceUID":"9.1.1"})"),
              std::string::npos)
        << out;
}

TEST(MetadataDocument, NamesEachFrameWithItsFacts) {
    preprocess::ImageFrames frames{.form = preprocess::ImageFrames::Form::Htj2k,
                                   .rows = 5,
                                   .columns = 7,
                                   .file_meta = R"("SourceApplicationEntityTitle":"AE")",
                                   .frames = {}};
    frames.frames.push_back({.range = ByteRange{0, 30},
                             .size_bytes = 30,
                             .checksum = 4'000'000'000,
                             .values = preprocess::ImageFrame::Values{-5, 2025}});
    frames.frames.emplace_back();  // could not be read
    MetadataDocument document(kOurDatastore, kImageSet);
    std::string out;
    std::string json = json_of("P1", "1");
    ASSERT_TRUE(document.add(instance_of(9, "1.2.3.1"), json, frames, out));
    const std::string id = to_frame_id({objects::ObjectId{9}, 0}, kOurDatastore);
    const std::string other = to_frame_id({objects::ObjectId{9}, 1}, kOurDatastore);
    EXPECT_NE(
        out.find(R"("DICOM":{"SourceApplicationEntityTitle":"AE","InstanceNumber":"1 "},)"
                 R"("DICOMVRs":{},"StoredTransferSyntaxUID":"1.2.840.10008.1.2.4.202",)"
                 R"("ChecksumType":"DECOMPRESSED","ImageFrames":[{"ID":")" +
                 id +
                 R"(","PixelDataChecksumFromBaseToFullResolution":[{"Width":7,"Height":5,)"
                 R"("Checksum":4000000000}],"MinPixelValue":-5,"MaxPixelValue":2025,)"
                 R"("FrameSizeInBytes":30},{"ID":")" +
                 other + R"("}]})"),
        std::string::npos)
        << out;
}

TEST(MetadataDocument, AppendsNothingOfAnInstanceThatIsNoJson) {
    MetadataDocument document(kOurDatastore, kImageSet);
    std::string out;
    std::string first = json_of("P1", "1");
    ASSERT_TRUE(document.add(instance_of(1, "1.2.3.1"), first, {}, out));
    const std::string before = out;
    std::string broken = "{";
    EXPECT_FALSE(document.add(instance_of(2, "1.2.3.2"), broken, {}, out));
    EXPECT_EQ(out, before);
}

}  // namespace
}  // namespace larmor::healthimaging
