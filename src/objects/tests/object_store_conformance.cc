#include "objects/tests/object_store_conformance.h"

#include <unistd.h>

#include "async/sync_wait.h"

namespace larmor::objects {

using namespace std::chrono_literals;

Result<StagedObject> ObjectStoreConformance::stage(std::string key, std::string_view body) {
    StageRequest request;
    request.key = std::move(key);
    request.body.push_back(as_bytes(body));
    return async::sync_wait(store().stage(std::move(request)));
}

Result<ObjectId> ObjectStoreConformance::record(const StagedObject& staged) {
    return database().write_and_wait(
        [&](db::Transaction& tx) { return store().record(tx, staged); });
}

ObjectId ObjectStoreConformance::put(std::string key, std::string_view body) {
    const auto staged = stage(std::move(key), body);
    EXPECT_TRUE(staged) << staged.error().message;
    const auto id = record(*staged);
    EXPECT_TRUE(id) << id.error().message;
    return *id;
}

ObjectId ObjectStoreConformance::upload(std::string key, std::string_view body) {
    auto upload = store().begin_upload(std::move(key));
    EXPECT_TRUE(upload) << upload.error().message;
    EXPECT_TRUE((*upload)->write(as_bytes(body)));
    const auto staged = (*upload)->finish();
    EXPECT_TRUE(staged) << staged.error().message;
    const auto id = record(*staged);
    EXPECT_TRUE(id) << id.error().message;
    return *id;
}

std::string ObjectStoreConformance::text_of(ObjectId id) {
    const auto bytes = store().read_all(id, 1 << 30);
    return bytes ? to_string(Bytes(*bytes)) : "error: " + bytes.error().message;
}

TEST_P(ObjectStoreConformance, GivesBackWhatWasPut) {
    const auto id = put("instances/1.2/3.4/5.6/abc.dcm", "some bytes");
    EXPECT_EQ(text_of(id), "some bytes");
    const auto location = store().locate(id);
    ASSERT_TRUE(location);
    EXPECT_EQ(location->size_bytes, 10U);
    // echo -n 'some bytes' | sha256sum
    EXPECT_EQ(to_hex(location->sha256),
              "0d22cdcc10e6d049dbe1af5123d50873fdfc1a4f58306e58cb6241be9472014d");
    EXPECT_TRUE(store().verify(*location));
}

TEST_P(ObjectStoreConformance, WritesThePartsOfABodyOneAfterTheOther) {
    StageRequest request;
    request.key = "parts";
    const std::string a = "one";
    const std::string b = "three";
    request.body = {as_bytes(a), Bytes(), as_bytes(b)};
    const auto staged = async::sync_wait(store().stage(std::move(request)));
    ASSERT_TRUE(staged);
    EXPECT_EQ(text_of(*record(*staged)), "onethree");
}

TEST_P(ObjectStoreConformance, KeepsAnEmptyObject) {
    EXPECT_EQ(text_of(put("empty", "")), "");
    EXPECT_EQ(text_of(upload("empty-upload", "")), "");
}

TEST_P(ObjectStoreConformance, TakesExactlyTheLargestSmallObjectAndRefusesOneByteMore) {
    std::string body(store().small_max_bytes(), 'x');
    EXPECT_EQ(text_of(put("largest", body)).size(), body.size());
    body += 'y';
    const auto refused = stage("too-large", body);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::LimitExceeded);
}

TEST_P(ObjectStoreConformance, StagedBytesAreNoObjectUntilTheTransactionCommits) {
    const auto staged = stage("a", "bytes");
    ASSERT_TRUE(staged);
    ObjectId id{};
    const auto rolled_back =
        database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY(id, store().record(tx, *staged));
            return fail(ErrorCode::Cancelled, "changed my mind");
        });
    EXPECT_FALSE(rolled_back);
    EXPECT_EQ(store().locate(id).error().code, ErrorCode::NotFound);
}

TEST_P(ObjectStoreConformance, StagesSeveralWithOneHandOver) {
    std::vector<StageRequest> requests(3);
    const std::array<std::string, 3> bodies = {"a", "bb", "ccc"};
    for (std::size_t i = 0; i < 3; ++i) {
        requests[i].key = "several/" + std::to_string(i);
        requests[i].body = {as_bytes(bodies[i])};
    }
    const auto staged = async::sync_wait(store().stage_all(std::move(requests)));
    ASSERT_TRUE(staged) << staged.error().message;
    ASSERT_EQ(staged->size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(text_of(*record((*staged)[i])), bodies[i]);
}

TEST_P(ObjectStoreConformance, RefusesKeysThatCouldLeaveTheStore) {
    for (const char* key :
         {"", "..", "a/../b", "/a", "a/", "a//b", "a b", "a\\b", "ä", "a\n"}) {
        EXPECT_EQ(stage(key, "x").error().code, ErrorCode::InvalidInput) << key;
        EXPECT_FALSE(store().begin_upload(key)) << key;
    }
}

TEST_P(ObjectStoreConformance, ReadsRangesAndRefusesThoseBeyondTheObject) {
    for (const auto id : {put("small", "0123456789"), upload("large", "0123456789")}) {
        const auto location = store().locate(id);
        ASSERT_TRUE(location);
        std::array<std::byte, 4> part{};
        ASSERT_TRUE(store().read(*location, 3, part));
        EXPECT_EQ(as_text(part), "3456");
        EXPECT_TRUE(store().read(*location, 10, {}));
        EXPECT_EQ(store().read(*location, 7, part).error().code, ErrorCode::InvalidInput);
        EXPECT_EQ(store().read(*location, ~0ULL, part).error().code, ErrorCode::InvalidInput);
    }
}

TEST_P(ObjectStoreConformance, OpensAnObjectAsASliceOfAFile) {
    for (const auto id : {put("small", "0123456789"), upload("large", "0123456789")}) {
        const auto slice = store().open_whole(*store().locate(id));
        ASSERT_TRUE(slice) << slice.error().message;
        ASSERT_EQ(slice->size_bytes, 10U);
        std::string text(10, '\0');
        ASSERT_EQ(
            ::pread(slice->file->get(), text.data(), 10, static_cast<off_t>(slice->offset)),
            10);
        EXPECT_EQ(text, "0123456789");
    }
}

TEST_P(ObjectStoreConformance, TakesALargeObjectInPieces) {
    auto upload = store().begin_upload("large/object.bin");
    ASSERT_TRUE(upload) << upload.error().message;
    std::string expected;
    for (int i = 0; i < 20; ++i) {
        const std::string piece(1 << 20, static_cast<char>('a' + i));
        ASSERT_TRUE((*upload)->write(as_bytes(piece)));
        expected += piece;
    }
    EXPECT_EQ((*upload)->size_bytes(), expected.size());
    {
        const auto mapped = (*upload)->map();
        ASSERT_TRUE(mapped);
        EXPECT_EQ(as_text(mapped->bytes()), expected);
    }
    const auto staged = (*upload)->finish();
    ASSERT_TRUE(staged) << staged.error().message;
    EXPECT_EQ(staged->location.sha256, sha256(as_bytes(expected)));
    const auto id = record(*staged);
    ASSERT_TRUE(id);
    EXPECT_EQ(text_of(*id), expected);
    EXPECT_TRUE(store().verify(*store().locate(*id)));
}

TEST_P(ObjectStoreConformance, AnUploadIsRecordedOnceOnly) {
    auto upload = store().begin_upload("once");
    ASSERT_TRUE((*upload)->write(as_bytes(std::string_view("x"))));
    const auto staged = (*upload)->finish();
    ASSERT_TRUE(staged);
    EXPECT_TRUE(record(*staged));
    EXPECT_EQ(record(*staged).error().code, ErrorCode::Conflict);
}

TEST_P(ObjectStoreConformance, NeverReplacesWhatStandsUnderAKey) {
    const auto id = upload("same/key", "first");
    auto second = store().begin_upload("same/key");
    ASSERT_TRUE(second);
    ASSERT_TRUE((*second)->write(as_bytes(std::string_view("other"))));
    EXPECT_EQ((*second)->finish().error().code, ErrorCode::Conflict);
    second->reset();
    EXPECT_EQ(text_of(id), "first");

    const auto equal = upload("same/key", "first");
    EXPECT_NE(equal, id);
    EXPECT_EQ(text_of(equal), "first");
}

TEST_P(ObjectStoreConformance, NamesAnUploadByItsContentWhenAsked) {
    auto upload = store().begin_upload("unknown");
    ASSERT_TRUE((*upload)->write(as_bytes(std::string_view("some bytes"))));
    const auto staged = (*upload)->finish(
        [](const Sha256& hash) { return "by-hash/" + to_hex(hash) + ".bin"; });
    ASSERT_TRUE(staged) << staged.error().message;
    EXPECT_EQ(staged->location.key,
              "by-hash/0d22cdcc10e6d049dbe1af5123d50873fdfc1a4f58306e58cb6241be9472014d.bin");
    EXPECT_EQ(text_of(*record(*staged)), "some bytes");
}

TEST_P(ObjectStoreConformance, GivesEachObjectANumberOfItsOwnAlsoAfterRemovalAndRestart) {
    const auto first = put("a", "1");
    const auto second = put("b", "2");
    EXPECT_LT(first, second);
    ASSERT_TRUE(database().write_and_wait(
        [&](db::Transaction& tx) { return store().remove(tx, second); }));
    under_test_->reopen();
    EXPECT_GT(put("c", "3"), second);
    EXPECT_EQ(text_of(first), "1");
}

TEST_P(ObjectStoreConformance, RemovesTheRowAtOnceAndTheBytesAfterTheGracePeriod) {
    const auto id = upload("to/remove", "bytes");
    const auto location = *store().locate(id);
    ASSERT_TRUE(
        database().write_and_wait([&](db::Transaction& tx) { return store().remove(tx, id); }));
    EXPECT_EQ(store().locate(id).error().code, ErrorCode::NotFound);

    under_test_->let_pass(under_test_->grace() / 2);
    ASSERT_TRUE(store().collect_garbage());
    EXPECT_TRUE(store().verify(location)) << "who located it before may still read it";

    under_test_->let_pass(under_test_->grace());
    const auto held = store().open_whole(location);
    ASSERT_TRUE(held);
    EXPECT_EQ(*store().collect_garbage(), 5U);
    EXPECT_EQ(store().open_whole(location).error().code, ErrorCode::Corrupt);
    char first = 0;
    EXPECT_EQ(::pread(held->file->get(), &first, 1, 0), 1) << "an open file stays readable";
}

TEST_P(ObjectStoreConformance, KeepsBytesThatAreNeededAgainWhenTheGracePeriodEnds) {
    const auto id = upload("again", "bytes");
    ASSERT_TRUE(
        database().write_and_wait([&](db::Transaction& tx) { return store().remove(tx, id); }));
    const auto again = upload("again", "bytes");
    under_test_->let_pass(under_test_->grace() * 2);
    EXPECT_EQ(*store().collect_garbage(), 0U);
    EXPECT_EQ(text_of(again), "bytes");
}

TEST_P(ObjectStoreConformance, ForgetsAnUploadThatWasNotRecordedInTime) {
    auto upload = store().begin_upload("late");
    ASSERT_TRUE((*upload)->write(as_bytes(std::string_view("12345"))));
    const auto staged = (*upload)->finish();
    ASSERT_TRUE(staged);
    under_test_->let_pass(under_test_->grace() * 2);
    EXPECT_EQ(*store().collect_garbage(), 5U);
    EXPECT_EQ(record(*staged).error().code, ErrorCode::Conflict);
}

TEST_P(ObjectStoreConformance, RemovingTwiceIsNotFound) {
    const auto id = put("a", "1");
    const auto remove = [&] {
        return database().write_and_wait(
            [&](db::Transaction& tx) { return store().remove(tx, id); });
    };
    EXPECT_TRUE(remove());
    EXPECT_EQ(remove().error().code, ErrorCode::NotFound);
}

TEST_P(ObjectStoreConformance, ReadsEverythingAgainAfterARestart) {
    std::vector<std::pair<ObjectId, std::string>> put_before;
    for (int i = 0; i < 50; ++i) {
        const std::string body(static_cast<std::size_t>(i * i * 7),
                               static_cast<char>('a' + i % 26));
        put_before.emplace_back(put("k/" + std::to_string(i), body), body);
    }
    under_test_->reopen();
    const auto after = put("k/after", "after");
    for (const auto& [id, body] : put_before) EXPECT_EQ(text_of(id), body);
    EXPECT_EQ(text_of(after), "after");
}

}  // namespace larmor::objects
