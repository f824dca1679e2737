// The S3 client against a real server.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "db/tests/temp_library.h"
#include "http/tests/certificate.h"
#include "objects/s3/client.h"
#include "objects/tests/s3_server.h"

namespace larmor::objects::s3 {
namespace {
using namespace std::chrono_literals;
using testing::S3Server;

class S3ClientTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (S3Server::shared() == nullptr) GTEST_SKIP() << "no S3 server is installed";
        options_ = S3Server::shared()->make_bucket();
        client_ = open(options_);
    }
    static std::unique_ptr<Client> open(ClientOptions options) {
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client) << client.error().message;
        return *std::move(client);
    }
    Result<PutResult> put(const std::string& key, std::string_view body, PutOptions with = {}) {
        return client_->put(key, as_bytes(body), with);
    }
    std::string get(const std::string& key, std::optional<ByteRange> range = {}) {
        GetOptions options;
        options.range = range;
        const auto bytes = client_->get_all(key, options, 64 << 20);
        return bytes ? to_string(Bytes(*bytes)) : "error: " + bytes.error().message;
    }
    std::vector<std::string> keys() {
        std::vector<std::string> keys;
        ListOptions options;
        do {
            const auto page = client_->list(options);
            EXPECT_TRUE(page) << page.error().message;
            if (!page) break;
            for (const auto& object : page->objects) keys.push_back(object.key);
            options.token = page->next;
        } while (!options.token.empty());
        return keys;
    }

    ClientOptions options_;
    std::unique_ptr<Client> client_;
};

std::string letters(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    return text;
}

TEST_F(S3ClientTest, GivesBackWhatWasPut) {
    const auto stored = put("instances/1.2/3.4/5.6.dcm", "some bytes");
    ASSERT_TRUE(stored) << stored.error().message;
    // echo -n 'some bytes' | md5sum
    EXPECT_EQ(stored->etag, "\"9d0568469d206c1aedf1b71f12f474bc\"");
    EXPECT_EQ(get("instances/1.2/3.4/5.6.dcm"), "some bytes");
    const auto info = client_->head("instances/1.2/3.4/5.6.dcm");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->size_bytes, 10U);
    EXPECT_EQ(to_hex(*info->sha256),
              "0d22cdcc10e6d049dbe1af5123d50873fdfc1a4f58306e58cb6241be9472014d");
    EXPECT_TRUE(info->is_readable());
    for (const std::size_t size : {0, 1, 70'000, 3'000'000}) {
        const auto body = letters(size);
        ASSERT_TRUE(put("sizes", body));
        EXPECT_EQ(get("sizes"), body) << size;
    }
}

TEST_F(S3ClientTest, TakesKeysOfAnyLetters) {
    for (const std::string key :
         {"a b", "ä/ö", "100%", "a+b=c&d", "q?x#y", "<&>\"'", "dots/../..", "two//slashes/",
          "line\nend", "~*'()!", "%2F"}) {
        ASSERT_TRUE(put(key, key)) << key;
        EXPECT_EQ(get(key), key);
        EXPECT_EQ(keys(), std::vector{key});
        ASSERT_TRUE(client_->remove(key)) << key;
        EXPECT_EQ(client_->head(key).error().code, ErrorCode::NotFound) << key;
    }
}

TEST_F(S3ClientTest, RefusesAnEmptyKeySinceThatWouldBeTheBucket) {
    EXPECT_EQ(client_->remove("").error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(put("", "x").error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(client_->head("").error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(client_->remove_many(std::vector<std::string>{""}).error().code,
              ErrorCode::InvalidInput);
    EXPECT_TRUE(put("still/there", "x"));
}

TEST_F(S3ClientTest, ReadsRangesAndRefusesThoseBeyondTheObject) {
    ASSERT_TRUE(put("k", "0123456789"));
    EXPECT_EQ(get("k", ByteRange{3, 4}), "3456");
    EXPECT_EQ(get("k", ByteRange{0, 10}), "0123456789");
    EXPECT_EQ(get("k", ByteRange{10, 0}), "");
    for (const ByteRange range : {ByteRange{7, 4}, ByteRange{10, 1}, ByteRange{11, 0},
                                  ByteRange{~0ULL, 2}, ByteRange{1'000, 1}}) {
        GetOptions options;
        options.range = range;
        const auto got = client_->get_all("k", options, 100);
        ASSERT_FALSE(got) << range.offset;
        EXPECT_EQ(got.error().code, ErrorCode::InvalidInput) << got.error().message;
    }
}

TEST_F(S3ClientTest, RefusesToHoldMoreThanWasAllowed) {
    ASSERT_TRUE(put("k", letters(100'000)));
    EXPECT_EQ(client_->get_all("k", {}, 99'999).error().code, ErrorCode::LimitExceeded);
}

TEST_F(S3ClientTest, EndsTheReadingWithTheErrorOfWhoReads) {
    ASSERT_TRUE(put("k", letters(100'000)));
    const auto got = client_->get("k", {}, [](Bytes) -> Result<void> {
        return fail(ErrorCode::NoSpace, "no room for it");
    });
    EXPECT_EQ(got.error().code, ErrorCode::NoSpace);
    EXPECT_EQ(get("k").size(), 100'000U) << "the connection is good for the next one";
}

TEST_F(S3ClientTest, SaysWhatIsMissingAndByWhichRequest) {
    const auto got = client_->get_all("no/such", {}, 100);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::NotFound);
    EXPECT_NE(got.error().message.find("S3 GetObject no/such: status 404 NoSuchKey"),
              std::string::npos)
        << got.error().message;
    EXPECT_NE(got.error().message.find("request tx"), std::string::npos);
}

TEST_F(S3ClientTest, AWrongSecretOrKeyIsUnauthenticatedAndNeverShown) {
    auto options = options_;
    options.credentials.secret_access_key = "wrong-and-not-to-be-shown";
    auto got = open(options)->head("k");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::Denied) << "HEAD has no body that says why";
    auto listed = open(options)->list({});
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code, ErrorCode::Unauthenticated) << listed.error().message;
    EXPECT_EQ(listed.error().message.find("not-to-be-shown"), std::string::npos);
    options = options_;
    options.credentials.access_key_id = "NOBODY";
    EXPECT_EQ(open(options)->list({}).error().code, ErrorCode::Unauthenticated);
}

TEST_F(S3ClientTest, AddressesTheBucketByItsHostName) {
    auto options = options_;
    const auto& endpoint = options_.endpoint;
    options.endpoint = "http://localhost" + endpoint.substr(endpoint.rfind(':'));
    options.style = AddressStyle::VirtualHost;
    const auto client = open(options);
    const auto stored = client->put("by/host name", as_bytes("x"), {});
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(get("by/host name"), "x");
}

TEST_F(S3ClientTest, NeverReplacesWhatStandsUnderAKeyWhenAskedNotTo) {
    const PutOptions if_absent{.if_absent = IfAbsent::Yes};
    EXPECT_FALSE(put("k", "first", if_absent)->existed);
    EXPECT_EQ(put("k", "other", if_absent).error().code, ErrorCode::Conflict);
    EXPECT_EQ(get("k"), "first");
    EXPECT_TRUE(put("k", "first", if_absent)->existed);
    EXPECT_TRUE(put("k", "other"));
    EXPECT_EQ(get("k"), "other");
}

TEST_F(S3ClientTest, OfManyWritersOfOneKeyExactlyOneWins) {
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 8; ++i) {
        writers.emplace_back([&, body = "writer " + std::to_string(i)] {
            const auto stored = put("k", body, {.if_absent = IfAbsent::Yes});
            won += stored ? 1 : 0;
            lost += !stored && stored.error().code == ErrorCode::Conflict ? 1 : 0;
        });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 7);
}

TEST_F(S3ClientTest, ListsInPagesInOrder) {
    std::vector<std::string> expected;
    for (int i = 10; i < 35; ++i) {
        expected.push_back("p/" + std::to_string(i));
        ASSERT_TRUE(put(expected.back(), "x"));
    }
    ASSERT_TRUE(put("q/deep/1", "four"));
    ASSERT_TRUE(put("q/deep/2", "x"));
    ASSERT_TRUE(put("q/flat", "x"));

    ListOptions options;
    options.prefix = "p/";
    options.keys_max = 10;
    std::vector<std::string> listed;
    std::vector<std::size_t> sizes;
    do {
        const auto page = client_->list(options);
        ASSERT_TRUE(page) << page.error().message;
        for (const auto& object : page->objects) listed.push_back(object.key);
        sizes.push_back(page->objects.size());
        options.token = page->next;
    } while (!options.token.empty());
    EXPECT_EQ(listed, expected);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{10, 10, 5}));

    ListOptions folder;
    folder.prefix = "q/";
    folder.delimiter = "/";
    const auto page = client_->list(folder);
    ASSERT_EQ(page->objects.size(), 1U);
    EXPECT_EQ(page->objects[0].key, "q/flat");
    EXPECT_EQ(page->prefixes, std::vector<std::string>{"q/deep/"});

    ListOptions behind;
    behind.start_after = "p/34";
    const auto rest = client_->list(behind);
    ASSERT_EQ(rest->objects.size(), 3U);
    EXPECT_EQ(rest->objects[0].size_bytes, 4U);
}

TEST_F(S3ClientTest, RemovesManyAtOnceWithOddKeysAndMissingOnesAmongThem) {
    std::vector<std::string> wanted = {"<&>", "ctrl\x01", "ü", "missing"};
    for (int i = 0; i < 20; ++i) wanted.push_back("n/" + std::to_string(i));
    for (const auto& key : wanted) {
        if (key == "missing") continue;
        ASSERT_TRUE(put(key, "x")) << key;
    }
    ASSERT_TRUE(put("kept", "x"));
    const auto failures = client_->remove_many(wanted);
    ASSERT_TRUE(failures) << failures.error().message;
    EXPECT_TRUE(failures->empty());
    EXPECT_EQ(keys(), std::vector<std::string>{"kept"});
}

class S3StreamedPutTest : public S3ClientTest {
protected:
    static constexpr std::size_t kPart = 5 << 20;
    std::unique_ptr<StreamedPut> begin(const std::string& key, PutOptions with = {}) {
        StreamedPutOptions options;
        options.put = std::move(with);
        options.part_bytes = kPart;
        return client_->begin_put(key, options);
    }
    static void write_in_pieces(StreamedPut& upload, std::string_view body) {
        while (!body.empty()) {
            const auto piece = body.substr(0, 1'000'003);
            const auto written = upload.write(as_bytes(piece));
            ASSERT_TRUE(written) << written.error().message;
            body.remove_prefix(piece.size());
        }
    }
    /// Uploads that were begun and neither finished nor aborted.
    std::string open_uploads() {
        const auto requester = Requester::make(options_);
        Call call;
        call.name = "ListMultipartUploads";
        call.method = "GET";
        call.query = {{"uploads", ""}};
        const auto answer = (*requester)->run(call);
        return answer ? answer->body : answer.error().error.message;
    }
};

TEST_F(S3StreamedPutTest, StoresObjectsOfEverySizeAroundAPart) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPart - 1, kPart, kPart + 1,
                                   2 * kPart, 2 * kPart + 12'345}) {
        const auto body = letters(size);
        const auto upload = begin("object");
        write_in_pieces(*upload, body);
        EXPECT_EQ(upload->size_bytes(), size);
        const auto stored = upload->finish();
        ASSERT_TRUE(stored) << stored.error().message;
        EXPECT_EQ(client_->head("object")->etag, stored->etag);
        EXPECT_TRUE(get("object") == body) << size;
        EXPECT_EQ(upload->finish().error().code, ErrorCode::InvalidInput) << "twice";
    }
    EXPECT_EQ(open_uploads().find("<UploadId>"), std::string::npos);
}

TEST_F(S3StreamedPutTest, LeavesNothingBehindWhenItIsDropped) {
    {
        const auto upload = begin("dropped");
        write_in_pieces(*upload, letters(kPart + 1));
        EXPECT_NE(open_uploads().find("<UploadId>"), std::string::npos);
    }
    EXPECT_EQ(open_uploads().find("<UploadId>"), std::string::npos);
    EXPECT_EQ(client_->head("dropped").error().code, ErrorCode::NotFound);
}

TEST_F(S3StreamedPutTest, RemovesWhatAKilledProcessLeftUnderAPrefix) {
    const auto killed = begin("run-1/a b/ü");
    const auto second = begin("run-1/c");
    const auto others = begin("run-2/c");
    for (auto* upload : {killed.get(), second.get(), others.get()}) {
        write_in_pieces(*upload, letters(kPart + 1));
    }
    const auto removed = client_->abort_uploads("run-1/");
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(*removed, 2U);
    EXPECT_EQ(*client_->abort_uploads("run-1/"), 0U);
    const auto gone = killed->finish();
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound) << gone.error().message;
    EXPECT_TRUE(others->finish());
}

TEST_F(S3StreamedPutTest, KeepsTheHashThatWasKnownAndReadersCheckIt) {
    const auto body = letters(kPart + 7);
    PutOptions known;
    known.sha256 = sha256(as_bytes(body));
    const auto right = begin("right", known);
    write_in_pieces(*right, body);
    ASSERT_TRUE(right->finish());
    EXPECT_EQ(client_->head("right")->sha256, known.sha256);
    EXPECT_TRUE(get("right") == body);

    known.sha256 = sha256(as_bytes("something else"));
    const auto wrong = begin("wrong", known);
    write_in_pieces(*wrong, body);
    ASSERT_TRUE(wrong->finish());
    const auto got = client_->get_all("wrong", {}, 64 << 20);
    EXPECT_EQ(got.error().code, ErrorCode::Corrupt);
}

TEST_F(S3StreamedPutTest, NeverReplacesWhatStandsUnderTheKeyWhenAskedNotTo) {
    const auto body = letters(kPart + 1);
    PutOptions if_absent{.if_absent = IfAbsent::Yes, .sha256 = sha256(as_bytes(body))};
    const auto first = begin("k", if_absent);
    write_in_pieces(*first, body);
    EXPECT_FALSE(first->finish()->existed);

    const auto equal = begin("k", if_absent);
    write_in_pieces(*equal, body);
    const auto stored = equal->finish();
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_TRUE(stored->existed);

    const auto other_body = letters(kPart + 2);
    if_absent.sha256 = sha256(as_bytes(other_body));
    const auto other = begin("k", if_absent);
    write_in_pieces(*other, other_body);
    EXPECT_EQ(other->finish().error().code, ErrorCode::Conflict);
    EXPECT_TRUE(get("k") == body);
    EXPECT_EQ(open_uploads().find("<UploadId>"), std::string::npos);
}

TEST_F(S3ClientTest, ALinkWorksForWhoeverHasItUntilItIsChanged) {
    const db::testing::TempDirectory folder;
    const auto file = (folder.path() / "out").string();
    const auto curl = [&](const std::string& arguments) {
        std::string command = "curl -sf --noproxy '*' -o " + file + ' ' + arguments;
        return std::system(command.c_str());  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
    };
    const auto output = [&] {
        std::ifstream in(file, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const auto put_link = client_->presign_put("by link/ü", 60s);
    ASSERT_TRUE(put_link);
    std::ofstream(folder.path() / "in") << "0123456789";
    EXPECT_EQ(curl("-T " + (folder.path() / "in").string() + " '" + *put_link + "'"), 0);
    EXPECT_EQ(get("by link/ü"), "0123456789");

    const auto link = *client_->presign_get("by link/ü", 60s);
    EXPECT_EQ(curl("'" + link + "'"), 0);
    EXPECT_EQ(output(), "0123456789");
    EXPECT_EQ(curl("-r 2-4 '" + link + "'"), 0);
    EXPECT_EQ(output(), "234");
    EXPECT_NE(curl("-X DELETE '" + link + "'"), 0);
    auto longer = link;
    longer.replace(longer.find("Expires=60"), 10, "Expires=99");
    EXPECT_NE(curl("'" + longer + "'"), 0);
}

TEST_F(S3ClientTest, ALinkIsRefusedWhenItsTimeIsOver) {
    ASSERT_TRUE(put("k", "x"));
    auto options = options_;
    const ManualClock clock(system_clock().now() - 61s);
    options.clock = &clock;
    const auto link = *open(options)->presign_get("k", 60s);
    const auto command = "curl -sf --noproxy '*' -o /dev/null '" + link + "'";
    EXPECT_NE(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
}

TEST_F(S3ClientTest, TalksOverTlsToWhomItTrustsOnly) {
    const http::TestCertificate certificate;
    const auto files = certificate.files();
    const testing::FaultProxy proxy(options_.endpoint,
                                    {files.certificate.string(), files.key.string()});
    auto options = options_;
    options.endpoint = proxy.url();
    ASSERT_TRUE(options.endpoint.starts_with("https://"));
    const auto stranger = open(options)->put("k", as_bytes("bytes"), {});
    ASSERT_FALSE(stranger);
    EXPECT_EQ(stranger.error().code, ErrorCode::Unavailable);
    EXPECT_NE(stranger.error().message.find("certificate"), std::string::npos)
        << stranger.error().message;

    options.connections.authorities = files.certificate;
    const auto stored = open(options)->put("k", as_bytes("bytes"), {});
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(get("k"), "bytes");
}

TEST(S3ClientOptions, RefusesWhatIsNoEndpointOrBucket) {
    const auto code = [](std::string endpoint, std::string bucket) {
        ClientOptions options;
        options.endpoint = std::move(endpoint);
        options.bucket = std::move(bucket);
        options.credentials = {"id", "secret"};
        const auto client = Client::open(options);
        return client ? std::string("opened") : std::string(name_of(client.error().code));
    };
    EXPECT_EQ(code("https://s3.eu-central-1.amazonaws.com", "bucket"), "opened");
    EXPECT_EQ(code("http://127.0.0.1:7480/", "bucket"), "opened");
    for (const char* endpoint : {"", "s3.example", "ftp://host", "http://", "http://h/path",
                                 "http://user@host", "http://h\r\nx: y"}) {
        EXPECT_EQ(code(endpoint, "bucket"), "InvalidInput") << endpoint;
    }
    for (const char* bucket : {"", "ab", "a/b/c", "Upper", "..%2f", "b?x="}) {
        EXPECT_EQ(code("http://h", bucket), "InvalidInput") << bucket;
    }
}

TEST(S3ClientOptions, IsUnavailableWhereNobodyListens) {
    ClientOptions options;
    options.endpoint = "http://127.0.0.1:1";
    options.bucket = "bucket";
    options.credentials = {"id", "secret"};
    options.retry = {.attempts_max = 2, .delay_first = 1ms, .delay_max = 1ms};
    const auto got = (*Client::open(options))->head("k");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::Unavailable);
    EXPECT_NE(got.error().message.find("attempt 2, the last"), std::string::npos);
}

}  // namespace
}  // namespace larmor::objects::s3
