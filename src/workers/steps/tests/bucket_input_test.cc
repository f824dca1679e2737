// What imports read of buckets and write into them, on a real server.
#include "workers/steps/bucket_input.h"

#include <gtest/gtest.h>

#include "objects/tests/s3_server.h"
#include "workers/steps/manifest_output.h"

namespace larmor::workers {
namespace {

namespace s3 = objects::s3;
using objects::testing::FaultProxy;
using objects::testing::S3Server;

/// What a walk gave, as `name=content`, and how far it came after each.
class Recorder final : public ingest::WalkVisitor {
public:
    Result<void> instance(const std::string& name, std::optional<std::uint64_t> /*size*/,
                          archive::Source& content) override {
        ByteBuffer bytes(1 << 22);
        TRY(const auto count, archive::read_fully(content, bytes));
        bytes.resize(count);
        const bool is_short = count < 100;
        seen.push_back(name + '=' +
                       (is_short ? to_string(Bytes(bytes)) : std::to_string(count) + " bytes"));
        return {};
    }
    void refused(const std::string& name, const Error& error) override {
        seen.push_back(name + ": " + std::string(name_of(error.code)));
    }
    void passed(std::uint64_t bytes, const ingest::WalkPosition& next) override {
        bytes_passed += bytes;
        positions.push_back(next);
    }
    std::vector<std::string> seen;
    std::vector<ingest::WalkPosition> positions;
    std::uint64_t bytes_passed = 0;
};

/// One file of a tar (POSIX.1-1988 ustar), without its end.
std::string tar_member(const std::string& name, const std::string& content) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) {
        header.replace(at, text.size(), text);
    };
    char size[12];
    std::snprintf(size, sizeof size, "%011zo", content.size());
    put(0, name);
    put(100, "0000644");
    put(124, size);
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    char checksum[8];
    std::snprintf(checksum, sizeof checksum, "%06o", sum);
    put(148, checksum);
    std::string padded = content;
    padded.resize((content.size() + 511) / 512 * 512);
    return header + padded;
}

class BucketInputTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (S3Server::shared() == nullptr) GTEST_SKIP() << "no S3 server is installed";
        options_ = S3Server::shared()->make_bucket();
        client_ = open();
    }
    std::unique_ptr<s3::Client> open() const {
        auto client = s3::Client::open(options_);
        EXPECT_TRUE(client) << client.error().message;
        return *std::move(client);
    }
    void put(const std::string& key, std::string_view body) {
        const auto done = client_->put(key, as_bytes(body), {});
        EXPECT_TRUE(done) << done.error().message;
    }
    std::string get(const std::string& key) {
        const auto bytes = client_->get_all(key, {}, 1 << 20);
        return bytes ? to_string(Bytes(*bytes)) : "error: " + bytes.error().message;
    }
    Recorder walk(const std::string& prefix, const ingest::WalkPosition& from = {}) {
        Recorder recorder;
        const auto walked = BucketInput(open(), prefix).walk(recorder, from);
        EXPECT_TRUE(walked) << walked.error().message;
        return recorder;
    }

    s3::ClientOptions options_;
    std::unique_ptr<s3::Client> client_;
};

TEST_F(BucketInputTest, GivesWhatIsBelowThePrefixInTheOrderOfKeys) {
    put("in/", "");
    put("in/b", "second");
    put("in/a", "first");
    put("in/c", std::string(3 << 20, 'x'));  // streamed
    put("in/disc/DICOMDIR", "says where instances are");
    put("in/d.tar", tar_member("one", "1") + tar_member("two", "22") + std::string(1024, '\0'));
    put("inside", "not below it");
    put("other/a", "elsewhere");
    const auto all = walk("in/");
    EXPECT_EQ(all.seen,
              (std::vector<std::string>{"in/a=first", "in/b=second", "in/c=3145728 bytes",
                                        "in/d.tar!one=1", "in/d.tar!two=22"}));
    const auto total = BucketInput(open(), "in/").total([] { return true; });
    ASSERT_TRUE(total) << total.error().message;
    EXPECT_EQ(total->files, 4U);
    EXPECT_EQ(total->bytes, all.bytes_passed);
    EXPECT_EQ(walk("none/").seen, std::vector<std::string>());
}

TEST_F(BucketInputTest, GoesOnBehindEachPositionThatItPassed) {
    // More than are asked for ahead.
    std::string tar;
    for (int i = 0; i < 3; ++i) tar += tar_member(std::to_string(i), std::to_string(i));
    for (int i = 0; i < 40; ++i) {
        const std::string key = std::to_string(100 + i);
        put(key, i == 20 ? tar + std::string(1024, '\0') : key);
    }
    const auto all = walk("");
    ASSERT_EQ(all.seen.size(), 42U);
    std::size_t instances = 0;
    for (const auto& position : all.positions) {
        // An archive's end is a position, too, and no instance.
        if (position.file != "120") ++instances;
        const auto rest = walk("", position);
        EXPECT_EQ(rest.seen, std::vector<std::string>(
                                 all.seen.begin() + static_cast<std::ptrdiff_t>(instances),
                                 all.seen.end()))
            << position.file << ' ' << position.archive << ' ' << position.members;
    }
    EXPECT_EQ(all.positions.size(), 43U);
}

TEST_F(BucketInputTest, RefusesWhatIsInAColdTierAndGoesOn) {
    put("in/a", "first");
    put("in/cold/b", "second");
    put("in/cold/c", std::string(3 << 20, 'x'));  // streamed
    put("in/d", "third");
    FaultProxy proxy(S3Server::shared()->endpoint());
    options_.endpoint = proxy.url();
    const std::string cold = '/' + options_.bucket + "/in/cold/";
    const std::vector<std::string> expected = {"in/a=first", "in/cold/b: Unsupported",
                                               "in/cold/c: Unsupported", "in/d=third"};
    proxy.cold(cold, 0);
    EXPECT_EQ(walk("in/").seen, expected);
    // Where the listing does not tell.
    proxy.archived(cold);
    EXPECT_EQ(walk("in/").seen, expected);
}

TEST_F(BucketInputTest, EndsAsUnavailableWhereTheServerIsAway) {
    options_.endpoint = "http://127.0.0.1:1";
    options_.retry.attempts_max = 1;
    Recorder recorder;
    const auto walked = BucketInput(open(), "").walk(recorder, {});
    ASSERT_FALSE(walked);
    EXPECT_EQ(walked.error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(recorder.seen.empty());
}

TEST_F(BucketInputTest, ManifestsAreWrittenOverWhatWasThere) {
    put("out/job/SUCCESS/success.ndjson", "of an earlier try");
    const auto output = bucket_output(open(), "out/job/");
    for (const char* name : {"SUCCESS/success.ndjson", "FAILURE/failure.ndjson"}) {
        const auto lines = output->begin(name);
        ASSERT_TRUE(lines) << lines.error().message;
        if (std::string_view(name).starts_with("SUCCESS")) {
            ASSERT_TRUE((*lines)->add("{}"));
            ASSERT_TRUE((*lines)->add(R"({"a":1})"));
        }
        ASSERT_TRUE((*lines)->finish());
    }
    ASSERT_TRUE(output->put("job-output-manifest.json", "{}\n"));
    EXPECT_EQ(get("out/job/SUCCESS/success.ndjson"), "{}\n{\"a\":1}\n");
    EXPECT_EQ(get("out/job/FAILURE/failure.ndjson"), "");
    EXPECT_EQ(get("out/job/job-output-manifest.json"), "{}\n");
}

}  // namespace
}  // namespace larmor::workers
