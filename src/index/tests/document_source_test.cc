#include "index/document_source.h"

#include "async/sync_wait.h"
#include "dicom/tags.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"

namespace larmor::index {
namespace {

using namespace ingest::testing_files;
namespace tags = dicom::tags;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::StrEq;

class DocumentSourceTest : public testing::Test {
protected:
    void SetUp() override {
        auto opened = Library::open({.folder = folder.path() / "library"});
        ASSERT_TRUE(opened) << opened.error().message;
        library = *std::move(opened);
        wanted.tags = {std::vector{tags::PatientName},
                       {tags::StudyDate, tags::StudyID},
                       {tags::Modality, tags::Manufacturer},
                       {tags::Rows}};
    }
    std::string import_ct() {
        const std::string content = content_of(ct_small());
        const auto result =
            async::sync_wait(library->importer().import_bytes(as_bytes(content)));
        EXPECT_EQ(result.outcome, ingest::Outcome::Stored);
        return library->database()
            .read([&](db::Snapshot& snapshot) {
                return library->catalog().list_image_sets(snapshot, catalog::ImageSetRow{}, 10);
            })
            .value()
            .at(0)
            .id;
    }
    /// The image set of another study of the same patient, who has another name there.
    std::string import_other() {
        const auto path = modified(
            "-m '(0010,0010)=OTHER^NAME' -m '(0020,000d)=1.2.3' -m '(0020,000e)=1.2.3.4'"
            " -m '(0008,0018)=1.2.3.4.5'",
            folder.path() / "other.dcm");
        const std::string content = content_of(path);
        const auto result =
            async::sync_wait(library->importer().import_bytes(as_bytes(content)));
        EXPECT_EQ(result.outcome, ingest::Outcome::Stored);
        return library->database()
            .read([&](db::Snapshot& snapshot) {
                return library->catalog().list_image_sets(snapshot, "1.2.3");
            })
            .value()
            .at(0)
            .id;
    }
    ImageSetDocument load(const std::string& id, std::int64_t version = 1) {
        const DocumentSource source(library->database(), library->store(), library->catalog());
        auto document = source.load(id, version, wanted);
        EXPECT_TRUE(document) << document.error().message;
        return document.value_or(ImageSetDocument());
    }

    TemporaryFolder folder;
    std::unique_ptr<Library> library;
    Wanted wanted;
};

}  // namespace

// Values: dcmdump of CT_small.dcm.
TEST_F(DocumentSourceTest, SaysTheSameBeforeAndAfterPreprocessing) {
    const std::string id = import_ct();
    for (const bool is_prepared : {false, true}) {
        if (is_prepared) {
            ASSERT_TRUE(library->preprocessor().start());
            ASSERT_TRUE(library->preprocessor().wait_until_idle());
        }
        const auto document = load(id);
        EXPECT_EQ(document.patient_id, "1CT1");
        EXPECT_THAT(document.patient, ElementsAre(Optional(StrEq("CompressedSamples^CT1"))));
        EXPECT_THAT(document.study,
                    ElementsAre(Optional(StrEq("20040119")), Optional(StrEq("1CT1"))));
        EXPECT_THAT(document.series,
                    ElementsAre(Optional(StrEq("CT")), Optional(StrEq("GE MEDICAL SYSTEMS"))));
        ASSERT_EQ(document.instances.size(), 1);
        EXPECT_THAT(document.instances[0].values, ElementsAre(Optional(StrEq("128"))));
        EXPECT_EQ(document.version, 1);
    }
}

TEST_F(DocumentSourceTest, SaysThatAnImageSetIsDeletedAndThatNothingOfItsStudyIsLeft) {
    const std::string id = import_ct();
    const auto before = load(id);
    const auto deleted = library->database().write_and_wait([&](db::Transaction& tx) {
        return library->catalog().delete_resource(
            tx, {.study_instance_uid = before.study_instance_uid,
                 .expires = system_clock().now() + std::chrono::hours(1)});
    });
    ASSERT_TRUE(deleted) << deleted.error().message;

    const auto after = load(id, 2);
    EXPECT_TRUE(after.is_deleted);
    EXPECT_EQ(after.version, 2);
    EXPECT_GT(after.as_of, before.as_of);
    EXPECT_EQ(after.study_instance_uid, "");
    EXPECT_TRUE(after.instances.empty());
}

TEST_F(DocumentSourceTest, APatientIsAsTheFirstStudySaysWhateverImageSetIsAsked) {
    const std::string first = import_ct();
    const std::string other = import_other();
    for (const auto& id : {first, other}) {
        EXPECT_THAT(load(id).patient, ElementsAre(Optional(StrEq("CompressedSamples^CT1"))));
    }

    const std::string study = load(first).study_instance_uid;
    const auto deleted = library->database().write_and_wait([&](db::Transaction& tx) {
        return library->catalog().delete_resource(
            tx, {.study_instance_uid = study,
                 .expires = system_clock().now() + std::chrono::hours(1)});
    });
    ASSERT_TRUE(deleted) << deleted.error().message;
    // The event is about the first study, and the patient's row changes with it.
    const auto after = load(first, 2);
    EXPECT_EQ(after.study_instance_uid, "");
    EXPECT_EQ(after.patient_id, "1CT1");
    EXPECT_THAT(after.patient, ElementsAre(Optional(StrEq("OTHER^NAME"))));
}

// Pixels of one byte each: a file of some megabytes could have millions of frames.
TEST_F(DocumentSourceTest, CountsNoFramesWhereThereAreMoreThanAMillion) {
    for (const std::uint32_t frames : {1'000'000U, 1'000'001U}) {
        const std::string count = std::to_string(frames);
        const auto pixels = folder.path() / ("pixels" + count);
        write_content(pixels, std::string(1'000'002, '\0'));
        const std::string uid = "1.2.3." + count;
        const auto path = modified(
            "-m '(0028,0010)=1' -m '(0028,0011)=1' -m '(0028,0100)=8' -m '(0028,0101)=8'"
            " -m '(0028,0102)=7' -i '(0028,0008)=" +
                count + "' -mf '(7fe0,0010)=" + pixels.string() + "' -m '(0020,000d)=" + uid +
                "' -m '(0020,000e)=" + uid + ".4' -m '(0008,0018)=" + uid + ".4.5'",
            folder.path() / (count + ".dcm"));
        const std::string content = content_of(path);
        const auto result =
            async::sync_wait(library->importer().import_bytes(as_bytes(content)));
        ASSERT_EQ(result.outcome, ingest::Outcome::Stored);
        const auto sets = library->database().read([&](db::Snapshot& snapshot) {
            return library->catalog().list_image_sets(snapshot, uid);
        });

        const auto document = load(sets.value().at(0).id);

        ASSERT_EQ(document.instances.size(), 1);
        EXPECT_EQ(document.instances[0].frames, frames == 1'000'000U ? frames : 0);
    }
}

TEST_F(DocumentSourceTest, TakesAnImageSetThatIsGoneForGoodAsDeleted) {
    const auto document = load(std::string(32, '0'), 9);
    EXPECT_TRUE(document.is_deleted);
    EXPECT_EQ(document.version, 9);
}

}  // namespace larmor::index
