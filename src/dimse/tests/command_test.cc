#include "dimse/command.h"

#include <gtest/gtest.h>

#include "dimse/status.h"

namespace larmor::dimse {
namespace {

ByteBuffer bytes_of(std::initializer_list<int> values) {
    ByteBuffer bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

/// As DCMTK 3.6.7's echoscu sends it (`echoscu -d -dmf` of its log).
const auto kEcho = bytes_of({
    0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x38, 0x00, 0x00, 0x00,            //
    0x00, 0x00, 0x02, 0x00, 0x12, 0x00, 0x00, 0x00, '1',  '.',  '2',  '.',  '8', '4',  //
    '0',  '.',  '1',  '0',  '0',  '0',  '8',  '.',  '1',  '.',  '1',  0x00,            //
    0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x30, 0x00,                        //
    0x00, 0x00, 0x10, 0x01, 0x02, 0x00, 0x00, 0x00, 0x07, 0x00,                        //
    0x00, 0x00, 0x00, 0x08, 0x02, 0x00, 0x00, 0x00, 0x01, 0x01,                        //
});

TEST(ParseCommand, ReadsAnEchoOfAnotherMaker) {
    const auto command = parse_command(kEcho);

    ASSERT_TRUE(command) << command.error().message;
    EXPECT_EQ(command->field, CommandField::CEchoRq);
    EXPECT_EQ(command->message_id, 7);
    EXPECT_EQ(command->sop_class_uid, "1.2.840.10008.1.1");
    EXPECT_FALSE(command->has_data_set);
}

TEST(EncodeCommand, WritesTheSameBytes) {
    EXPECT_EQ(encode_command(*parse_command(kEcho)), kEcho);
}

TEST(ParseCommand, RefusesACommandThatIsCutAnywhere) {
    for (std::size_t size = 0; size + 1 < kEcho.size(); ++size) {
        const auto cut = parse_command(Bytes(kEcho).first(size));
        // Without its last element it is whole again, and says that a data set is not there.
        if (size == kEcho.size() - 10) continue;
        EXPECT_FALSE(cut) << "accepted after " << size << " bytes";
    }
}

TEST(ParseCommand, RefusesDataElementsOfADataSet) {
    const auto other = bytes_of({0x08, 0x00, 0x16, 0x00, 0x00, 0x00, 0x00, 0x00});

    const auto command = parse_command(other);

    ASSERT_FALSE(command);
    EXPECT_EQ(command.error().code, ErrorCode::InvalidInput);
}

TEST(EncodeCommand, ReadsBackEverything) {
    Command store;
    store.field = CommandField::CStoreRsp;
    store.message_id = 65535;
    store.sop_class_uid = "1.2.3";
    store.sop_instance_uid = "1.2.3.4";
    store.status = status::kWarning;
    store.error_comment = "kept apart";
    store.remaining = 1;
    store.completed = 2;
    store.failed = 3;
    store.warning = 4;
    store.move_originator = "SOMEBODY";
    store.move_originator_message_id = 5;

    const auto back = parse_command(encode_command(store));

    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(encode_command(*back), encode_command(store));
    EXPECT_EQ(back->error_comment, "kept apart");
    EXPECT_EQ(back->status, status::kWarning);
    EXPECT_EQ(back->failed, 3);
    EXPECT_EQ(back->move_originator, "SOMEBODY");
}

TEST(StoreStatus, SaysWhatTheSenderCanDo) {
    const auto of = [](ingest::Outcome outcome, std::optional<Error> error = {}) {
        ingest::ImportResult result;
        result.outcome = outcome;
        result.error = std::move(error);
        return store_status(result).status;
    };
    EXPECT_EQ(of(ingest::Outcome::Stored), 0x0000);
    EXPECT_EQ(of(ingest::Outcome::Duplicate), 0x0000);
    EXPECT_EQ(of(ingest::Outcome::Alternate), 0x0000);
    EXPECT_EQ(of(ingest::Outcome::Conflict), 0xb000);
    EXPECT_EQ(of(ingest::Outcome::Rejected, Error{ErrorCode::NoSpace, "full"}), 0xa700);
    EXPECT_EQ(of(ingest::Outcome::Rejected, Error{ErrorCode::Conflict, "other"}), 0xa900);
    EXPECT_EQ(of(ingest::Outcome::Rejected, Error{ErrorCode::InvalidInput, "bad"}), 0xc000);
}

TEST(ErrorComment, HoldsWhatALongStringMay) {
    EXPECT_EQ(error_comment(std::string(100, 'x')), std::string(64, 'x'));
    EXPECT_EQ(error_comment("a\\b\nc\xc3"), "a b c ");
}

}  // namespace
}  // namespace larmor::dimse
