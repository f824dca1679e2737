// What answers and files say, without a server.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "db/tests/temp_library.h"
#include "objects/s3/answers.h"
#include "objects/s3/options.h"
#include "objects/s3/xml_document.h"

namespace larmor::objects::s3 {
namespace {

TEST(S3Answers, ReadsAPageOfAListing) {
    // After the example of the Amazon S3 API Reference, "ListObjectsV2".
    const auto page = read_list_page(R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>
  <IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>my+image%2B.jpg</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>
    <ETag>"fba9dede5f27731c9771645a39863328"</ETag><Size>434234</Size>
    <StorageClass>STANDARD</StorageClass></Contents>
  <CommonPrefixes><Prefix>photos%2F</Prefix></CommonPrefixes>
</ListBucketResult>)");
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->objects.size(), 1U);
    EXPECT_EQ(page->objects[0].key, "my image+.jpg");
    EXPECT_EQ(page->objects[0].size_bytes, 434'234U);
    EXPECT_EQ(page->objects[0].etag, "\"fba9dede5f27731c9771645a39863328\"");
    EXPECT_EQ(page->prefixes, std::vector<std::string>{"photos/"});
    EXPECT_EQ(page->next, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
}

TEST(S3Answers, RefusesAListingThatIsCutOrNotOne) {
    for (const char* body :
         {"", "<html/>", "<ListBucketResult>",
          "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
          "<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
          "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>"}) {
        const auto page = read_list_page(body);
        ASSERT_FALSE(page) << body;
        EXPECT_EQ(page.error().code, ErrorCode::Unavailable) << body;
    }
}

TEST(S3Answers, ReadsAPageOfOpenUploads) {
    // After the example of the Amazon S3 API Reference, "ListMultipartUploads".
    const auto page = read_upload_page(R"(<ListMultipartUploadsResult>
  <Bucket>bucket</Bucket><NextKeyMarker>my-movie.m2ts</NextKeyMarker>
  <NextUploadIdMarker>YW55IGlkZWE</NextUploadIdMarker><MaxUploads>1</MaxUploads>
  <IsTruncated>true</IsTruncated>
  <Upload><Key>my-divisor</Key><UploadId>XMgbGlrZSBlbHZpbmc</UploadId></Upload>
</ListMultipartUploadsResult>)");
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->uploads.size(), 1U);
    EXPECT_EQ(page->uploads[0].key, "my-divisor");
    EXPECT_EQ(page->uploads[0].id, "XMgbGlrZSBlbHZpbmc");
    EXPECT_EQ(page->next.key, "my-movie.m2ts");
    EXPECT_EQ(page->next.id, "YW55IGlkZWE");
    EXPECT_FALSE(
        read_upload_page("<ListMultipartUploadsResult><Upload/>"
                         "</ListMultipartUploadsResult>"));
}

TEST(S3Answers, TakesNoDocumentTypesAndNoEndlessDepth) {
    EXPECT_FALSE(read_xml("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"));
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    for (int i = 0; i < 100; ++i) deep += "</a>";
    EXPECT_EQ(read_xml(deep).error().code, ErrorCode::LimitExceeded);
    std::string many = "<a>";
    for (std::size_t i = 0; i <= kXmlElementsMax; ++i) many += "<b/>";
    EXPECT_EQ(read_xml(many + "</a>").error().code, ErrorCode::LimitExceeded);
}

TEST(S3Answers, SkipsBlanksThatKeptAConnectionAlive) {
    EXPECT_EQ(read_xml("  \n <?xml version=\"1.0\"?>\n <a><b>1</b></a> ")->text_of("b"), "1");
}

TEST(S3Answers, ReadsTheStateOfARestore) {
    HttpAnswer answer;
    answer.status = 200;
    answer.headers = {{"content-length", "5"}, {"x-amz-storage-class", "DEEP_ARCHIVE"}};
    EXPECT_EQ(read_object_info(answer)->restore, Restore::None);
    EXPECT_FALSE(read_object_info(answer)->is_readable());
    answer.headers.push_back({"x-amz-restore", "ongoing-request=\"true\""});
    EXPECT_EQ(read_object_info(answer)->restore, Restore::Ongoing);
    EXPECT_FALSE(read_object_info(answer)->is_readable());
    // The example of the Amazon S3 API Reference, "HeadObject".
    answer.headers.back().value =
        "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"";
    const auto restored = read_object_info(answer);
    EXPECT_EQ(restored->restore, Restore::Done);
    EXPECT_TRUE(restored->is_readable());
    EXPECT_EQ(to_iso8601(*restored->restored_until), "2012-12-21T00:00:00.000Z");
}

TEST(S3Answers, AnObjectOfIntelligentTieringIsColdInItsArchiveTiersOnly) {
    HttpAnswer answer;
    answer.status = 200;
    answer.headers = {{"content-length", "5"}, {"x-amz-storage-class", "INTELLIGENT_TIERING"}};
    EXPECT_TRUE(read_object_info(answer)->is_readable());
    answer.headers.push_back({"x-amz-archive-status", "DEEP_ARCHIVE_ACCESS"});
    EXPECT_FALSE(read_object_info(answer)->is_readable());
}

TEST(S3Answers, NeedsToKnowTheSizeOfAnObject) {
    HttpAnswer answer;
    answer.status = 200;
    EXPECT_EQ(read_object_info(answer).error().code, ErrorCode::Unavailable);
    answer.status = 206;
    answer.headers = {{"content-length", "5"}};
    EXPECT_EQ(read_object_info(answer).error().code, ErrorCode::Unavailable);
    answer.headers.push_back({"content-range", "bytes 0-4/100"});
    EXPECT_EQ(read_object_info(answer)->size_bytes, 100U);
    for (const char* range : {"bytes 0-4/*", "bytes 4-0/100", "bytes 0-100/100", "0-4/100",
                              "bytes -4/100", "bytes 0-4", ""}) {
        EXPECT_FALSE(read_content_range(range)) << range;
    }
}

TEST(S3Answers, NamesWhatCouldNotBeDeleted) {
    const auto failures = read_delete_result(
        "<DeleteResult><Error><Key>a&amp;b</Key><Code>AccessDenied</Code><Message>Access "
        "Denied</Message></Error></DeleteResult>");
    ASSERT_TRUE(failures);
    ASSERT_EQ(failures->size(), 1U);
    EXPECT_EQ(failures->front().key, "a&b");
    EXPECT_EQ(failures->front().error.code, ErrorCode::Denied);
}

TEST(S3ServerFailure, SaysCodeWordsAndRequestAndNothingElse) {
    const auto failure = server_failure(
        "S3 PutObject k", 403,
        "<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature\nis "
        "wrong</Message><StringToSign>not for a log</StringToSign></Error>",
        "req-1");
    EXPECT_EQ(failure.error.code, ErrorCode::Unauthenticated);
    EXPECT_EQ(failure.error.message,
              "S3 PutObject k: status 403 SignatureDoesNotMatch (The request signature?is "
              "wrong), request req-1");
    EXPECT_FALSE(failure.again);
}

TEST(S3ServerFailure, GoesByTheStatusWhereTheAnswerSaysNothing) {
    const auto of = [](int status) { return server_failure("S3", status, "<html>", {}); };
    EXPECT_EQ(of(301).error.code, ErrorCode::InvalidInput) << "another region";
    EXPECT_EQ(of(400).error.code, ErrorCode::InvalidInput);
    EXPECT_EQ(of(403).error.code, ErrorCode::Denied);
    EXPECT_EQ(of(404).error.code, ErrorCode::NotFound);
    EXPECT_EQ(of(412).error.code, ErrorCode::Conflict);
    EXPECT_EQ(of(501).error.code, ErrorCode::Unsupported);
    for (const int status : {429, 500, 502, 503, 504}) {
        EXPECT_EQ(of(status).error.code, ErrorCode::Unavailable) << status;
        EXPECT_TRUE(of(status).again) << status;
    }
    EXPECT_FALSE(of(404).again);
}

class S3CredentialsTest : public ::testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path_) << text; }
    Result<sigv4::Credentials> find() {
        return find_credentials([this](const char* name) { return variables_[name]; });
    }

    db::testing::TempDirectory folder_;
    std::filesystem::path path_ = folder_.path() / "credentials";
    std::map<std::string, std::string> variables_ = {
        {"AWS_SHARED_CREDENTIALS_FILE", path_.string()}};
};

TEST_F(S3CredentialsTest, AreTakenFromTheEnvironmentFirst) {
    write("[default]\naws_access_key_id=file\naws_secret_access_key=file\n");
    variables_["AWS_ACCESS_KEY_ID"] = "id";
    EXPECT_EQ(find().error().code, ErrorCode::Unauthenticated) << "half of them";
    variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
    variables_["AWS_SESSION_TOKEN"] = "token";
    const auto found = find();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->access_key_id, "id");
    EXPECT_EQ(found->session_token, "token");
}

TEST_F(S3CredentialsTest, AreTakenFromAProfileOfAFile) {
    write(
        "# a comment\n[default]\naws_access_key_id = one\r\naws_secret_access_key=a/b+c=\n\n"
        "[other]\nregion = x\naws_access_key_id = two\naws_secret_access_key = s\n");
    EXPECT_EQ(find()->access_key_id, "one");
    EXPECT_EQ(find()->secret_access_key, "a/b+c=");
    variables_["AWS_PROFILE"] = "other";
    EXPECT_EQ(find()->access_key_id, "two");
    variables_["AWS_PROFILE"] = "third";
    EXPECT_EQ(find().error().code, ErrorCode::Unauthenticated);
}

TEST_F(S3CredentialsTest, AreNeverShownInAnError) {
    write("[default]\nverysecret\n");
    const auto found = find();
    EXPECT_EQ(found.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(found.error().message.find("verysecret"), std::string::npos);
    EXPECT_NE(found.error().message.find("line 2"), std::string::npos);
    write("[default]\naws_access_key_id=id\naws_secret_access_key=very\x01secret\n");
    EXPECT_EQ(find().error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(find().error().message.find("secret\n"), std::string::npos);
}

TEST_F(S3CredentialsTest, AreMissedWithWhatWasLookedAt) {
    const auto found = find();
    EXPECT_EQ(found.error().code, ErrorCode::Unauthenticated);
    EXPECT_NE(found.error().message.find(path_.string()), std::string::npos);
}

}  // namespace
}  // namespace larmor::objects::s3
