// HTTP over TLS: our server against our client and against curl.
#include <fstream>

#include "http/tests/certificate.h"
#include "http/tests/server_fixture.h"

namespace larmor::http {
namespace {
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t kLarge = 24 << 20;  // many times what sockets hold

class TlsTest : public ServerTest {
protected:
    TlsTest() {
        options_.tls = certificate_.files();
        route(Method::Get, "/", [](Request r) { return answer_text(r.tls ? "tls" : "plain"); });
        route(Method::Post, "/echo", [](Request r) { return echo(std::move(r)); });
        route(Method::Get, "/file",
              [file = file_with(pattern_bytes(kLarge))](Request) { return answer_file(file); });
    }
    static Task<Response> echo(Request request) {
        const auto reader = body_of(request);
        const auto body = co_await read_whole_body(*reader, kLarge);
        co_return Response(body ? 200 : 500, "x/y", body.value_or("not whole"));
    }
    static Task<Response> answer_file(std::shared_ptr<const UniqueFd> file) {
        co_return Response(200, "x/y", FileSlice{std::move(file), 0, kLarge});
    }

    Client tls_client(ClientTls tls) {
        return Client("127.0.0.1", server_->port(), {.timeout = 20s, .tls = std::move(tls)});
    }
    Client trusting_client() {
        return tls_client({.authorities = certificate_.files().certificate});
    }

    struct Ran {
        int exit_code = -1;
        std::string output;
    };
    /// curl with these arguments; `URL` stands for the server.
    Ran curl(std::string arguments) {
        const auto url = "https://localhost:" + std::to_string(server_->port());
        for (auto at = arguments.find("URL"); at != std::string::npos;
             at = arguments.find("URL")) {
            arguments.replace(at, 3, url);
        }
        Ran ran;
        const auto command = "curl -sS --max-time 30 " + arguments + " 2>&1";
        std::FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own text
        EXPECT_NE(pipe, nullptr);
        char piece[4096];
        for (std::size_t n = 1; n > 0;) {
            n = std::fread(piece, 1, sizeof piece, pipe);
            ran.output.append(piece, n);
        }
        const int status = ::pclose(pipe);
        ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return ran;
    }
    std::string trust() const {
        return "--cacert " + certificate_.files().certificate.string() + " ";
    }

    TestCertificate certificate_;
};

TEST_F(TlsTest, ServesOurClientWithLargeBodiesBothWays) {
    start();
    EXPECT_TRUE(server_->base_url().starts_with("https://"));
    auto c = trusting_client();
    const auto small = c.get("/");
    ASSERT_TRUE(small) << small.error().message;
    EXPECT_EQ(small->body, "tls");
    const auto bytes = pattern_bytes(kLarge);
    const auto echoed = c.post("/echo", "x/y", bytes);
    ASSERT_TRUE(echoed) << echoed.error().message;
    EXPECT_TRUE(echoed->body == bytes);
    const auto file = c.get("/file");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->body == bytes);
}

TEST_F(TlsTest, TakesABodyInChunks) {
    start();
    auto c = trusting_client();
    ASSERT_TRUE(c.begin_body({.method = "POST", .target = "/echo"}));
    const auto bytes = pattern_bytes(3'000'000);
    for (std::size_t at = 0; at < bytes.size(); at += 100'000) {
        ASSERT_TRUE(c.write_body(as_bytes(bytes).subspan(at, 100'000)));
    }
    const auto response = c.end_body();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_TRUE(response->body == bytes);
    EXPECT_EQ(c.get("/")->body, "tls") << "the connection is kept";
}

TEST_F(TlsTest, ServesCurlOnOneConnection) {
    start();
    const auto two = curl(trust() + "-w '%{num_connects} %{http_version} ' URL/ URL/");
    EXPECT_EQ(two.exit_code, 0) << two.output;
    EXPECT_EQ(two.output, "tls1 1.1 tls0 1.1 ");
    const auto sent = certificate_.folder() / "sent";
    const auto got = certificate_.folder() / "got";
    const auto bytes = pattern_bytes(kLarge);
    std::ofstream(sent) << bytes;
    const auto echoed =
        curl(trust() + "-o " + got.string() + " --data-binary @" + sent.string() + " URL/echo");
    EXPECT_EQ(echoed.exit_code, 0) << echoed.output;
    EXPECT_TRUE(read_file(got, kLarge).value_or("") == bytes);
    EXPECT_EQ(curl(trust() + "-o " + got.string() + " URL/file").exit_code, 0);
    EXPECT_TRUE(read_file(got, kLarge).value_or("") == bytes);
    // 60: the certificate is not trusted. 35: no common version of TLS.
    EXPECT_EQ(curl("URL/").exit_code, 60);
    EXPECT_EQ(curl(trust() + "--tls-max 1.1 URL/").exit_code, 35);
    EXPECT_EQ(curl(trust() + "--tls-max 1.2 URL/").output, "tls");
}

TEST_F(TlsTest, AnswersPlainHttpWithARefusal) {
    start();
    const auto refused = client().get("/");
    ASSERT_TRUE(refused) << refused.error().message;
    EXPECT_EQ(refused->status, 400);
    EXPECT_THAT(refused->body, HasSubstr("https"));
    EXPECT_EQ(refused->headers.get("Connection"), "close");
    EXPECT_EQ(trusting_client().get("/")->body, "tls");
}

TEST_F(TlsTest, ClosesOnBytesThatAreNoHandshake) {
    start();
    auto c = client();
    ASSERT_TRUE(c.write_raw(std::string(100, '\xff')));
    const auto response = c.read_response();
    EXPECT_FALSE(response);
}

TEST_F(TlsTest, ClosesAHandshakeThatStopsAndGivesItsPlaceToOthers) {
    options_.timeouts.head = 300ms;
    options_.connections_max = 1;
    start();
    // Nothing at all, and the first bytes of a ClientHello of 512 bytes (RFC 8446 section 5.1).
    for (const auto& begin : {std::string(), std::string("\x16\x03\x01\x02\x00\x01", 6)}) {
        auto silent = client();
        ASSERT_TRUE(silent.write_raw(begin));
        EXPECT_TRUE(silent.closed_by_server());
        // The server closes first and gives the place back right after that.
        Result<ClientResponse> response;
        for (int i = 0; i < 1000 && (i == 0 || !response); ++i)
            response = trusting_client().get("/");
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, "tls");
    }
}

TEST_F(TlsTest, OurClientRefusesACertificateOfAnotherName) {
    start();
    const auto authorities = certificate_.files().certificate;
    const auto wrong =
        tls_client({.authorities = authorities, .server_name = "a.example"}).get("/");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(wrong.error().message, HasSubstr("hostname mismatch"));
    const auto wrong_address =
        tls_client({.authorities = authorities, .server_name = "127.0.0.2"}).get("/");
    ASSERT_FALSE(wrong_address);
    EXPECT_THAT(wrong_address.error().message, HasSubstr("IP address mismatch"));
    EXPECT_TRUE(tls_client({.authorities = authorities, .server_name = "localhost"}).get("/"));
}

TEST_F(TlsTest, OurClientRefusesACertificateThatNobodyVouchesFor) {
    start();
    const auto response = tls_client({}).get("/");
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().message, HasSubstr("self-signed"));
    const TestCertificate other;
    EXPECT_FALSE(tls_client({.authorities = other.files().certificate}).get("/"));
    const auto missing = tls_client({.authorities = "/nowhere.pem"}).get("/");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::InvalidInput);
    EXPECT_THAT(missing.error().message, HasSubstr("/nowhere.pem"));
}

TEST_F(TlsTest, APinnedCertificateIsTheOnlyOneThatIsGood) {
    start();
    EXPECT_EQ(server_->certificate_sha256().size(), 64U);
    // Neither the authority nor the name matter then.
    const ClientTls pinned{.server_name = "elsewhere.example",
                           .certificate_sha256 = server_->certificate_sha256()};
    const auto response = tls_client(pinned).get("/");
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "tls");
    const auto wrong = tls_client({.authorities = certificate_.files().certificate,
                                   .certificate_sha256 = std::string(64, '0')})
                           .get("/");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("rejected"));
}

TEST_F(TlsTest, DoesNotStartWithFilesThatDoNotFit) {
    const TestCertificate other;
    const auto started_with = [&](const TlsFiles& files) {
        options_.tls = files;
        return Server::start(options_, router_);
    };
    const auto own = certificate_.files();
    const auto of_another = started_with({own.certificate, other.files().key});
    ASSERT_FALSE(of_another);
    EXPECT_EQ(of_another.error().code, ErrorCode::InvalidInput);
    EXPECT_THAT(of_another.error().message, HasSubstr(other.files().key.string()));
    const auto missing = started_with({"/nowhere.pem", own.key});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, HasSubstr("/nowhere.pem"));
    const auto swapped = started_with({own.key, own.certificate});
    ASSERT_FALSE(swapped);
    EXPECT_THAT(swapped.error().message, HasSubstr(own.key.string()));
}

TEST_F(TlsTest, StopsWithConnectionsOpen) {
    start();
    auto idle = trusting_client();
    ASSERT_TRUE(idle.get("/"));
    auto shaking = client();
    ASSERT_TRUE(shaking.write_raw("\x16\x03\x01"));
    EXPECT_EQ(server_->stop(100ms).requests_cut, 0);
    EXPECT_TRUE(idle.closed_by_server());
}

}  // namespace
}  // namespace larmor::http
