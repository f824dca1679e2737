#include "workers/steps/preprocessor.h"

#include "async/sync_wait.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"
#include "preprocess/requests.h"

namespace larmor::preprocess {
namespace {

using namespace ingest::testing_files;

class PreprocessorTest : public testing::Test {
protected:
    void SetUp() override { reopen(); }
    void reopen() {
        library.reset();
        auto opened = Library::open({.folder = folder.path() / "library"});
        ASSERT_TRUE(opened) << opened.error().message;
        library = *std::move(opened);
    }
    std::string import(const fs::path& path) {
        const std::string content = content_of(path);
        const auto result =
            async::sync_wait(library->importer().import_bytes(as_bytes(content)));
        EXPECT_EQ(result.outcome, ingest::Outcome::Stored);
        return result.sop_instance_uid;
    }
    catalog::StoredInstance instance(const std::string& uid) {
        return library->database()
            .read([&](db::Snapshot& snapshot) {
                return library->catalog().find_by_sop_instance_uid(snapshot, uid);
            })
            .value()
            .at(0);
    }
    std::string object(objects::ObjectId id) {
        const auto bytes = library->store().read_all(id, 1 << 20);
        EXPECT_TRUE(bytes) << bytes.error().message;
        return to_string(*bytes);
    }

    queue::Queue& preprocess_queue() {
        return *library->queues().open(kPreprocessQueue).value();
    }
    /// As after workers that died with each of them.
    void give_up_all() {
        auto& queue = preprocess_queue();
        const auto received = async::sync_wait(queue.receive({.messages_max = 10}));
        for (const auto& message : *received) {
            ASSERT_TRUE(async::sync_wait(
                queue.dead_letter(message.receipt_handle, queue::kWorkerLost, "")));
        }
    }

    TemporaryFolder folder;
    std::unique_ptr<Library> library;
};

TEST_F(PreprocessorTest, WhatItMakesIsStoredWithTheInstanceAndItsSeries) {
    const std::string uid = import(ct_small());
    ASSERT_TRUE(library->preprocessor().start());
    ASSERT_TRUE(library->preprocessor().wait_until_idle());

    const catalog::StoredInstance stored = instance(uid);
    EXPECT_EQ(stored.preprocess, catalog::PreprocessState::Done);
    EXPECT_THAT(object(stored.prepared.metadata), testing::HasSubstr("\"00080018\""));
    EXPECT_THAT(object(stored.prepared.thumbnail), testing::StartsWith("\xff\xd8"));
    EXPECT_EQ(stored.prepared.pixel_min, 128 - 1024);
    const auto series = library->database().read([&](db::Snapshot& snapshot) {
        return library->catalog().find_series(snapshot, stored.study_instance_uid,
                                              stored.series_instance_uid);
    });
    ASSERT_TRUE(series);
    EXPECT_THAT(object(series->thumbnail), testing::StartsWith("\xff\xd8"));
}

TEST_F(PreprocessorTest, GoesOnWithWhatAnEarlierRunLeft) {
    const std::string uid = import(ct_small());
    reopen();
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Pending);
    ASSERT_TRUE(library->preprocessor().start());
    ASSERT_TRUE(library->preprocessor().wait_until_idle());
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Done);
}

TEST_F(PreprocessorTest, AnInstanceWithoutAPictureSaysWhyAndHoldsUpNobody) {
    const fs::path report = folder.path() / "report";
    fs::copy_file(ct_small(), report);
    run_tool("dcmodify -nb -e PixelData -e Rows -e Columns -m SOPInstanceUID=1.2.3 " +
             report.string());
    const std::string without = import(report);
    const std::string with = import(ct_small());
    ASSERT_TRUE(library->preprocessor().start());
    ASSERT_TRUE(library->preprocessor().wait_until_idle());

    EXPECT_EQ(instance(without).preprocess_reason, "this SOP class holds no image");
    EXPECT_NE(instance(without).prepared.metadata, objects::ObjectId{});
    EXPECT_NE(instance(with).prepared.thumbnail, objects::ObjectId{});
}

TEST_F(PreprocessorTest, WaitingEndsWhenItIsStopped) {
    import(ct_small());  // nobody works on it
    std::thread waiting([&] { EXPECT_FALSE(library->preprocessor().wait_until_idle()); });
    library->preprocessor().stop();
    waiting.join();
}

TEST_F(PreprocessorTest, LeavesTheReserveOfTheDiskAloneAndGoesOnLater) {
    const std::string uid = import(ct_small());
    library.reset();
    auto opened = Library::open({.folder = folder.path() / "library",
                                 .disk_reserve_bytes = 1'000,
                                 .read_disk = []() -> Result<admission::DiskSpace> {
                                     return admission::DiskSpace{999, 10'000};
                                 }});
    ASSERT_TRUE(opened) << opened.error().message;
    library = *std::move(opened);
    ASSERT_TRUE(library->preprocessor().start());
    const auto waited = library->preprocessor().wait_until_idle();
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, ErrorCode::NoSpace);
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Pending);

    reopen();
    ASSERT_TRUE(library->preprocessor().start());
    ASSERT_TRUE(library->preprocessor().wait_until_idle());
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Done);
}

TEST_F(PreprocessorTest, WhatNoMessageAsksForIsAskedForAgain) {
    const std::string uid = import(ct_small());
    ASSERT_TRUE(preprocess_queue().purge());
    ASSERT_TRUE(library->preprocessor().start());
    ASSERT_TRUE(library->preprocessor().wait_until_idle());
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Done);
}

TEST_F(PreprocessorTest, AnInstanceWhoseMessageIsADeadLetterHasFailedAndIsLeftAlone) {
    const std::string uid = import(ct_small());
    give_up_all();
    ASSERT_TRUE(library->preprocessor().start());
    ASSERT_TRUE(library->preprocessor().wait_until_idle());
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Failed);
    EXPECT_EQ(instance(uid).preprocess_reason, "preprocessing was given up: worker_lost");

    // Somebody looked at it and tries again.
    ASSERT_EQ(preprocess_queue().redrive_all(), 1);
    ASSERT_TRUE(library->preprocessor().wait_until_idle());
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Done);
    EXPECT_EQ(instance(uid).preprocess_reason, "");
}

TEST_F(PreprocessorTest, AnInstanceThatIsAskedForTwiceIsPreparedOnce) {
    const std::string uid = import(ct_small());
    workers::PrepareInstances step({library->database(), library->store(), library->catalog(),
                                    library->pool(), preprocess_queue()});
    const auto prepare = [&] {
        queue::Message message;
        message.body = to_body({.instances = {instance(uid).row}});
        const auto verdict =
            async::sync_wait(step.run(std::move(message), async::CancelToken()));
        ASSERT_TRUE(verdict) << verdict.error().message;
        const auto* done = std::get_if<workers::Done>(&*verdict);
        ASSERT_NE(done, nullptr);
        if (done->effect) ASSERT_TRUE(library->database().write_and_wait(done->effect));
    };
    prepare();
    const auto first = instance(uid);
    ASSERT_EQ(first.preprocess, catalog::PreprocessState::Done);
    const auto sent = preprocess_queue().stats()->depth();
    prepare();
    EXPECT_EQ(instance(uid).prepared.metadata, first.prepared.metadata) << "nothing new";
    EXPECT_EQ(instance(uid).prepared.thumbnail, first.prepared.thumbnail);
    EXPECT_EQ(preprocess_queue().stats()->depth(), sent) << "no second series thumbnail";
}

TEST_F(PreprocessorTest, AMessageThatMayHaveKilledItsWorkerIsCutIntoOneAnInstance) {
    const std::string uid = import(ct_small());
    workers::PrepareInstances step({library->database(), library->store(), library->catalog(),
                                    library->pool(), preprocess_queue()});
    queue::Message message;
    message.body = to_body({.instances = {instance(uid).row, catalog::InstanceRow{4711}}});
    message.suspect = true;
    const auto verdict = async::sync_wait(step.run(std::move(message), async::CancelToken()));
    ASSERT_TRUE(verdict);
    const auto* done = std::get_if<workers::Done>(&*verdict);
    ASSERT_NE(done, nullptr);
    ASSERT_TRUE(preprocess_queue().purge());
    ASSERT_TRUE(library->database().write_and_wait(done->effect));
    const auto received =
        async::sync_wait(preprocess_queue().receive({.messages_max = 10})).value();
    ASSERT_EQ(received.size(), 2U);
    EXPECT_EQ(received[1].body, "i 4711");
    EXPECT_EQ(instance(uid).preprocess, catalog::PreprocessState::Pending);
}

TEST_F(PreprocessorTest, AMessageHasAsManyInstancesAsAGroupAndNoMoreThanItMay) {
    std::vector<catalog::InstanceRow> rows;
    for (int i = 1; i <= 70; ++i) rows.push_back(catalog::InstanceRow{i});
    ASSERT_TRUE(library->database().write_and_wait(
        [&](db::Transaction& tx) { return request_instances(tx, preprocess_queue(), rows); }));
    std::vector<catalog::InstanceRow> asked_for;
    const auto received = async::sync_wait(preprocess_queue().receive({.messages_max = 10}));
    for (const auto& message : *received) {
        const auto request = parse_prepare_request(message.body);
        ASSERT_TRUE(request);
        EXPECT_LE(request->instances.size(), kRequestInstancesMax);
        asked_for.insert(asked_for.end(), request->instances.begin(), request->instances.end());
    }
    EXPECT_EQ(asked_for, rows);
}

TEST(PrepareRequestTest, WhatIsNoneIsRefused) {
    for (const char* body :
         {"", "i", "i x", "i 1x", "i  1", "s 1 2", "x 1", "i 0", "i -1", "s"})
        EXPECT_FALSE(parse_prepare_request(body)) << body;
}

}  // namespace
}  // namespace larmor::preprocess
