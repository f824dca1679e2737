#include "api/store_response.h"

namespace larmor::api {
namespace {

constexpr InstanceUids kOne{"1.1", "1.2", "1.2.840.10008.5.1.4.1.1.2", "1.3"};
constexpr InstanceUids kTwo{"1.1", "1.2", "1.2.840.10008.5.1.4.1.1.2", "1.4"};

TEST(StoreResponse, NamesWhatWasStoredAndWhereToGetIt) {
    StoreResponse response("http://h/dicomweb");
    response.stored(kOne);
    EXPECT_EQ(response.status(), 200);
    // The attributes and their order by hand from PS3.18 table I.1-1.
    EXPECT_EQ(response.take_json(),
              R"({"00081190":{"vr":"UR","Value":["http://h/dicomweb/studies/1.1"]},)"
              R"("00081199":{"vr":"SQ","Value":[{)"
              R"("00081150":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]},)"
              R"("00081155":{"vr":"UI","Value":["1.3"]},)"
              R"("00081190":{"vr":"UR","Value":["http://h/dicomweb/studies/1.1/series/1.2/)"
              R"(instances/1.3"]}}]}})");
}

TEST(StoreResponse, AWarningMakesIt202AndIsNamed) {
    StoreResponse response("/dicomweb");
    response.stored(kOne);
    response.stored_with_warning(kTwo, WarningReason::KeptAsConflict, "kept in image set abc");
    EXPECT_EQ(response.status(), 202);
    const auto json = response.take_json();
    EXPECT_THAT(json, testing::HasSubstr(R"("00081196":{"vr":"US","Value":[45313]})"));
    EXPECT_THAT(json, testing::HasSubstr("kept in image set abc"));
}

TEST(StoreResponse, FailuresBesideStoredOnesMakeIt202) {
    StoreResponse response("/dicomweb");
    response.stored(kOne);
    response.failed(kTwo, FailureReason::CannotUnderstand, {ErrorCode::InvalidInput, "cut"});
    EXPECT_EQ(response.status(), 202);
    EXPECT_THAT(response.take_json(),
                testing::HasSubstr(R"("00081198":{"vr":"SQ","Value":[{"00000902":{"vr":"LO",)"
                                   R"("Value":["cut"]},"00081150")"));
}

TEST(StoreResponse, NothingStoredIsAConflictUnlessItWasOurFault) {
    const auto status_after = [](std::vector<ErrorCode> codes) {
        StoreResponse response("");
        for (const auto code : codes) {
            response.failed(kOne, failure_reason_of(code), {code, ""});
        }
        return response.status();
    };
    EXPECT_EQ(status_after({ErrorCode::InvalidInput}), 409);
    EXPECT_EQ(status_after({ErrorCode::NoSpace, ErrorCode::NoSpace}), 507);
    EXPECT_EQ(status_after({ErrorCode::Unavailable}), 503);
    EXPECT_EQ(status_after({ErrorCode::NoSpace, ErrorCode::InvalidInput}), 409);
}

TEST(StoreResponse, ABodyThatIsNoInstanceStandsInOtherFailures) {
    StoreResponse response("");
    response.failed({}, FailureReason::CannotUnderstand, {ErrorCode::InvalidInput, "no DICOM"});
    EXPECT_EQ(response.take_json(),
              R"({"0008119A":{"vr":"SQ","Value":[{"00000902":{"vr":"LO","Value":["no DICOM"]},)"
              R"("00081197":{"vr":"US","Value":[49152]}}]}})");
}

TEST(StoreResponse, SeveralStudiesHaveNoCommonUrl) {
    StoreResponse response("");
    response.stored(kOne);
    response.stored({"2.1", "2.2", "2.3", "2.4"});
    EXPECT_FALSE(response.take_json().starts_with(R"({"00081190")"));
}

TEST(StoreResponse, CutsLongCommentsBetweenCharacters) {
    StoreResponse response("");
    std::string text(255, 'x');
    text += "\xc3\xa9\xc3\xa9";
    response.failed({}, FailureReason::ProcessingFailure, {ErrorCode::InvalidInput, text});
    const auto json = response.take_json();
    EXPECT_THAT(json, testing::HasSubstr(std::string(255, 'x') + "\""));
}

}  // namespace
}  // namespace larmor::api
