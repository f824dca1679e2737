#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reassembly/plan/workload.h"

namespace larmor::reassembly::plan {
namespace {

using testing::HasSubstr;

TEST(ReadManifest, AddsUpArchivesBytesAndMembersInAnyOrderOfColumns) {
    const auto work = read_manifest(
        "\xef\xbb\xbfkey,size_bytes,side,members\r\n"
        "\"a, \"\"b\"\".tar\",100,metadata,7\r\n"
        "c.tar,250,metadata,5\r\n"
        "\r\n"
        "d.tar,9000,image,12\r\n");

    ASSERT_TRUE(work) << work.error().message;
    EXPECT_EQ(work->instances, 12U);
    EXPECT_EQ(work->metadata.archives, 2U);
    EXPECT_EQ(work->metadata.bytes, 350U);
    EXPECT_EQ(work->metadata.largest_bytes, 250U);
    EXPECT_EQ(work->images.archives, 1U);
    EXPECT_EQ(work->images.bytes, 9000U);
}

TEST(ReadManifest, NamesTheLineThatIsWrong) {
    const auto message = [](std::string_view csv) {
        const auto work = read_manifest(csv);
        return work ? std::string() : work.error().message;
    };
    EXPECT_THAT(message(""), HasSubstr("line 1"));
    EXPECT_THAT(message("key,size\n"), HasSubstr("'size_bytes'"));
    EXPECT_THAT(message("side,size_bytes\nimage,1\nimages,2\n"), HasSubstr("line 3: side"));
    EXPECT_THAT(message("side,size_bytes\nimage,1.5\n"), HasSubstr("line 2: size_bytes"));
    EXPECT_THAT(message("side,size_bytes\nimage\n"), HasSubstr("1 fields instead of 2"));
    EXPECT_THAT(message("side,size_bytes\n\"image,1\n"), HasSubstr("quote"));
    EXPECT_THAT(message("side,size_bytes,members\nmetadata,1,x\n"), HasSubstr("members"));
    EXPECT_THAT(message("side,size_bytes\nimage,18446744073709551615\nimage,1\n"),
                HasSubstr("line 3: size_bytes"));
}

}  // namespace
}  // namespace larmor::reassembly::plan
