#include "larmor/remote_importer.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "async/completion.h"
#include "async/sync_wait.h"
#include "base/ids.h"
#include "dicom/tags.h"
#include "dicom/writer.h"
#include "http/router.h"
#include "http/server.h"
#include "ingest/import_paths.h"

namespace larmor {
namespace {

using http::Request;
using http::Response;
using http::Task;
using ingest::ImportResult;
using ingest::Outcome;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(ImportAnswer, SaysWhatTheServerSays) {
    const auto stored = read_import_answer(
        201, R"({"outcome":"stored","study_instance_uid":"1","series_instance_uid":"2",)"
             R"("sop_class_uid":"3","sop_instance_uid":"4","size_bytes":5})");
    EXPECT_EQ(stored.outcome, Outcome::Stored);
    EXPECT_EQ(stored.study_instance_uid + stored.series_instance_uid + stored.sop_class_uid +
                  stored.sop_instance_uid,
              "1234");
    EXPECT_EQ(stored.size_bytes, 5U);
    EXPECT_FALSE(stored.error);
    EXPECT_EQ(read_import_answer(200, R"({"outcome":"duplicate","size_bytes":5})").outcome,
              Outcome::Duplicate);
    EXPECT_EQ(read_import_answer(201, R"({"outcome":"alternate","size_bytes":5})").outcome,
              Outcome::Alternate);
    const auto conflict =
        read_import_answer(201, R"({"outcome":"conflict","image_set_id":"ab","size_bytes":5})");
    EXPECT_EQ(conflict.outcome, Outcome::Conflict);
    EXPECT_EQ(conflict.image_set_id, "ab");
    const auto rejected = read_import_answer(
        400, R"({"type":"about:blank","status":400,"detail":"no \"DICOM\" at byte 0",)"
             R"("code":"InvalidInput","outcome":"rejected","size_bytes":5})");
    EXPECT_EQ(rejected.outcome, Outcome::Rejected);
    ASSERT_TRUE(rejected.error);
    EXPECT_EQ(rejected.error->code, ErrorCode::InvalidInput);
    EXPECT_EQ(rejected.error->message, "no \"DICOM\" at byte 0") << "as without a server";
    EXPECT_EQ(rejected.size_bytes, 5U);
}

TEST(ImportAnswer, NeverTakesForStoredWhatIsNotSaidToBe) {
    const std::string stored = R"({"outcome":"stored","size_bytes":5})";
    for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
             {200, ""},
             {200, "{}"},
             {200, "<html>welcome</html>"},
             {200, R"({"outcome":"rejected","size_bytes":5})"},
             {201, R"({"outcome":"archived"})"},
             {201, stored.substr(0, 12)},
             {400, stored},
             {503, stored},
             {500, R"({"code":"Corrupt","detail":"x"})"}}) {
        const auto result = read_import_answer(status, body);
        EXPECT_EQ(result.outcome, Outcome::Rejected) << status << body;
        ASSERT_TRUE(result.error) << status << body;
        EXPECT_THAT(result.error->message, HasSubstr(std::to_string(status)));
    }
    EXPECT_EQ(read_import_answer(413, "").error->code, ErrorCode::LimitExceeded);
    EXPECT_EQ(read_import_answer(401, "").error->code, ErrorCode::Unauthenticated);
    EXPECT_EQ(read_import_answer(404, "").error->code, ErrorCode::Unavailable);
    EXPECT_EQ(read_import_answer(507, "").error->code, ErrorCode::NoSpace);
}

/// A server that answers POST /v1/instances as a test wants.
class RemoteImporterTest : public testing::Test {
protected:
    void serve(http::Handler handler, http::BodyMode mode = http::BodyMode::Auto) {
        auto router = std::make_shared<http::Router>();
        router->add({.method = http::Method::Post,
                     .pattern = "/v1/instances",
                     .name = "test",
                     .right = http::Right("test"),
                     .handler = std::move(handler),
                     .body_mode = mode});
        http::ServerOptions options;
        options.threads = 1;
        auto started = http::Server::start(std::move(options), std::move(router));
        ASSERT_TRUE(started);
        server = *std::move(started);
        importer = std::make_unique<RemoteImporter>(RunningServer{.host = "127.0.0.1",
                                                                  .port = server->port(),
                                                                  .certificate_sha256 = {},
                                                                  .token = "secret"});
    }
    ImportResult import(std::string_view bytes) {
        return async::sync_wait(importer->import_bytes(as_bytes(bytes)));
    }

    std::unique_ptr<http::Server> server;
    std::unique_ptr<RemoteImporter> importer;
};

Response stored() {
    return {201, "application/json", std::string(R"({"outcome":"stored","size_bytes":3})")};
}

TEST_F(RemoteImporterTest, SendsTheInstanceWithOurToken) {
    std::string seen;
    serve([&](Request request) -> Task<Response> {
        seen = std::string(request.headers.get("Authorization")) + " " +
               std::string(request.headers.get("Content-Type")) + " " + request.target + " " +
               request.body;
        co_return stored();
    });
    EXPECT_EQ(import("abc").outcome, Outcome::Stored);
    EXPECT_EQ(seen, "Bearer secret application/dicom /v1/instances abc");
    ingest::ImportOptions options{.study_instance_uid = "1.2"};
    const std::string bytes = "x";
    async::sync_wait(importer->import_bytes(as_bytes(bytes), options));
    EXPECT_THAT(seen, HasSubstr("/v1/instances?StudyInstanceUID=1.2 x"));
}

TEST_F(RemoteImporterTest, SendsManySideBySide) {
    // Nobody is answered before all are there.
    constexpr unsigned kCount = RemoteImporter::kConnectionsMax;
    std::atomic<unsigned> arrived{0};
    async::Event all;
    serve([&](Request) -> Task<Response> {
        if (++arrived == kCount) all.set();
        co_await all;
        co_return stored();
    });
    const auto run = [&]() -> Task<std::vector<ImportResult>> {
        std::vector<Task<ImportResult>> tasks;
        static const std::string bytes = "abc";
        for (unsigned i = 0; i < kCount; ++i) {
            tasks.push_back(importer->import_bytes(as_bytes(bytes)));
        }
        co_return co_await async::when_all(std::move(tasks));
    };
    for (const auto& result : async::sync_wait(run())) {
        EXPECT_EQ(result.outcome, Outcome::Stored);
    }
}

/// A bare data set in Explicit VR Little Endian with this SOP Instance UID.
std::string data_set_of(const std::string& uid, std::uint16_t number) {
    dicom::Writer writer(dicom::kExplicitLittle, ByteBuffer());
    writer.text(dicom::tags::SOPClassUID, dicom::vr::UI, "1.2.840.10008.5.1.4.1.1.2");
    writer.text(dicom::tags::SOPInstanceUID, dicom::vr::UI, uid);
    writer.text(dicom::tags::InstanceNumber, dicom::vr::IS, std::to_string(number));
    return to_string(writer.take());
}

TEST_F(RemoteImporterTest, SendsThoseOfOneUidInTheirOrder) {
    std::vector<std::string> bodies;
    int active = 0;
    int active_max = 0;
    serve([&](Request request) -> Task<Response> {
        active_max = std::max(active_max, ++active);
        bodies.push_back(request.body);
        co_await async::sleep_for(2ms);  // so that others would come meanwhile
        --active;
        co_return stored();
    });
    std::vector<std::string> sent;
    for (std::uint16_t i = 0; i < 20; ++i) sent.push_back(data_set_of("1.2.3", i));
    const auto run = [&]() -> Task<std::vector<ImportResult>> {
        std::vector<Task<ImportResult>> tasks;
        for (const auto& bytes : sent) {
            tasks.push_back(importer->import_bytes(as_bytes(bytes)));
        }
        co_return co_await async::when_all(std::move(tasks));
    };
    EXPECT_EQ(async::sync_wait(run()).size(), sent.size());
    EXPECT_EQ(active_max, 1);
    EXPECT_EQ(bodies, sent);
}

TEST_F(RemoteImporterTest, SendsAgainWhatTheServerWasTooBusyFor) {
    int requests = 0;
    serve([&](Request) -> Task<Response> {
        if (++requests > 2) co_return stored();
        Response busy = http::problem(503, "too many requests are being served");
        busy.headers.add("Retry-After", "0");
        co_return busy;
    });
    EXPECT_EQ(import("abc").outcome, Outcome::Stored);
    EXPECT_EQ(requests, 3);
}

TEST_F(RemoteImporterTest, StreamsPieceByPiece) {
    std::promise<void> told;
    std::uint64_t count = 0;
    serve(
        [&](Request request) -> Task<Response> {
            ByteBuffer buffer(64 * 1024);
            for (;;) {
                const auto n = co_await request.body_stream->read(buffer);
                if (!n) co_return http::problem(400, "broken");
                if (*n == 0) co_return stored();
                if (count == 0) told.set_value();
                count += *n;
            }
        },
        http::BodyMode::Stream);
    const auto stream = importer->begin();
    const std::string piece(1 << 20, 'x');
    ASSERT_TRUE(async::sync_wait(stream->write(as_bytes(piece))));
    told.get_future().wait();  // before there is a second piece
    ASSERT_TRUE(async::sync_wait(stream->write(as_bytes(piece))));
    EXPECT_EQ(async::sync_wait(stream->finish()).outcome, Outcome::Stored);
    EXPECT_EQ(count, 2 * piece.size());
}

TEST_F(RemoteImporterTest, AStreamEndsWithTheReasonWhyTheServerTakesNoMore) {
    serve([](Request) -> Task<Response> { co_return http::problem(507, "the disk is full"); },
          http::BodyMode::Stream);
    const auto stream = importer->begin();
    const std::string piece(1 << 20, 'x');
    Result<void> written;
    for (int i = 0; i < 1000 && written; ++i) {
        written = async::sync_wait(stream->write(as_bytes(piece)));
    }
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::NoSpace);
    EXPECT_THAT(written.error().message, HasSubstr("the disk is full"));
}

TEST_F(RemoteImporterTest, SaysThatTheServerWentAway) {
    serve([](Request) -> Task<Response> { co_return stored(); });
    EXPECT_EQ(import("abc").outcome, Outcome::Stored);
    server->stop(0ms);
    const auto gone = import("abc");
    ASSERT_TRUE(gone.error);
    EXPECT_EQ(gone.error->code, ErrorCode::Unavailable);
    EXPECT_THAT(gone.error->message, HasSubstr("went away"));
    const auto stream = importer->begin();
    const std::string bytes = "abc";
    const auto written = async::sync_wait(stream->write(as_bytes(bytes)));
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().message, HasSubstr("went away"));
}

/// Counts, and remembers.
struct Observer final : ingest::ImportObserver {
    void done(const std::string& name, const ImportResult& result,
              const ingest::ImportTally& now) override {
        tally = now;
        if (result.outcome == Outcome::Rejected) rejected.push_back(name);
    }
    ingest::ImportTally tally;
    std::vector<std::string> rejected;
};

TEST_F(RemoteImporterTest, AnImportEndsWhenTheServerDoesAndKeepsWhatItAcknowledged) {
    const auto folder = std::filesystem::temp_directory_path() / ("larmor-gone-" + random_id());
    std::filesystem::create_directories(folder);
    for (int i = 0; i < 400; ++i) {
        std::ofstream(folder / std::to_string(i)) << "instance " << i;
    }
    // After 100 answers the connections break, and nobody listens any more.
    std::atomic<int> answered{0};
    std::promise<void> enough;
    serve([&](Request) -> Task<Response> {
        const int number = ++answered;
        if (number == 100) enough.set_value();
        Response response = stored();
        if (number > 100) {
            response.generator = []() -> Task<Result<std::optional<http::Part>>> {
                co_return fail(ErrorCode::Cancelled, "broken");
            };
        }
        co_return response;
    });
    auto stopped = std::async(std::launch::async, [&] {
        enough.get_future().wait();
        server->stop(0ms);
    });
    Observer observer;
    const auto tally = ingest::import_paths(*importer, {folder}, observer);
    stopped.wait();
    ASSERT_FALSE(tally);
    EXPECT_EQ(tally.error().code, ErrorCode::Unavailable);
    EXPECT_LE(observer.tally.imported, 100U);
    EXPECT_GT(observer.tally.imported, 0U);
    EXPECT_THAT(observer.rejected, testing::IsEmpty()) << "nothing was wrong with the files";
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace larmor
