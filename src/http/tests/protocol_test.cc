// What a server must refuse, by raw bytes: RFC 9112 sections 2.2, 3, 5, 6 and 11.2.
#include "http/request_head.h"
#include "http/tests/server_fixture.h"

namespace larmor::http {
namespace {

Task<Response> echo_body(Request request) {
    co_return Response(200, "text/plain", std::move(request.body));
}

class ProtocolTest : public ServerTest {
protected:
    void SetUp() override {
        route(Method::Post, "/echo", echo_body);
        route(Method::Get, "/secret", [](Request) { return answer_text("smuggled"); });
        start();
    }
    /// The connection must be answered with `status` and closed, so that nothing behind a
    /// doubtful head is ever taken for a request.
    void expect_refused(std::string_view raw, int status) {
        auto c = client();
        ASSERT_TRUE(c.write_raw(raw));
        ASSERT_TRUE(c.write_raw("GET /secret HTTP/1.1\r\nHost: x\r\n\r\n"));
        const auto response = c.read_response();
        ASSERT_TRUE(response) << raw;
        EXPECT_EQ(response->status, status) << raw << '\n' << response->body;
        EXPECT_EQ(response->headers.get("Connection"), "close") << raw;
        EXPECT_EQ(response->headers.get("Content-Type"), "application/problem+json");
        EXPECT_EQ(response->body.find("smuggled"), std::string::npos);
    }
};

TEST_F(ProtocolTest, RefusesLengthsThatCouldSmuggleARequest) {
    const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    for (const char* fields : {
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
             "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
             "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
             "Content-Length: 5, 5\r\n\r\nhello",
             "Content-Length: +5\r\n\r\nhello",
             "Content-Length: -1\r\n\r\n",
             "Content-Length: 0x5\r\n\r\nhello",
             "Content-Length: 5 \x0b\r\n\r\nhello",
             "Content-Length:\r\n\r\n",
             "Content-Length: 99999999999999999999\r\n\r\n",
             "Content-Length : 5\r\n\r\nhello",
             " Content-Length: 5\r\n\r\nhello",
             "X: y\r\n folded\r\n\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "Content-Length: 5\n\r\nhello",
             "X: a\rContent-Length: 5\r\n\r\nhello",
             "X: a\r\n\nhello",
             "Bad Name: 5\r\n\r\n",
             ": 5\r\n\r\n",
             "no colon\r\n\r\n",
         }) {
        expect_refused(post + fields, 400);
    }
    expect_refused(post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501);
    expect_refused(post + "Transfer-Encoding: xchunked\r\n\r\n", 501);
    expect_refused("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

TEST_F(ProtocolTest, RefusesBrokenRequestLines) {
    for (const char* line : {
             "GET /secret\r\n",
             "GET  /secret HTTP/1.1\r\n",
             " GET /secret HTTP/1.1\r\n",
             "GET secret HTTP/1.1\r\n",
             "GET /a b HTTP/1.1\r\n",
             "GET /a\tb HTTP/1.1\r\n",
             "GET /a#b HTTP/1.1\r\n",
             "GET /\xc3\xa4 HTTP/1.1\r\n",
             "G\x01T / HTTP/1.1\r\n",
             "GET / HTTP/1.1 \r\n",
             "GET / HTTX/1.1\r\n",
             "GET / HTTP/11\r\n",
             "\r\n\r\n\r\n\r\n",
         }) {
        expect_refused(std::string(line) + "Host: x\r\n\r\n", 400);
    }
    expect_refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505);
    expect_refused("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", 501);
    expect_refused("get / HTTP/1.1\r\nHost: x\r\n\r\n", 501);
    expect_refused("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501);
}

TEST_F(ProtocolTest, WantsExactlyOneHost) {
    expect_refused("GET /secret HTTP/1.1\r\n\r\n", 400);
    expect_refused("GET /secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
    expect_refused("GET /secret HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
    expect_refused("GET /secret HTTP/1.1\r\nHost: a/../b\r\n\r\n", 400);
    EXPECT_EQ(status_of("GET /secret HTTP/1.0\r\n\r\n"), 200);
    EXPECT_EQ(status_of("GET /secret HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200);
}

TEST_F(ProtocolTest, TakesWhatTheStandardAllows) {
    EXPECT_EQ(status_of("\r\nGET /secret HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    EXPECT_EQ(status_of("GET http://other/secret?q HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    EXPECT_EQ(status_of("GET /secret HTTP/1.1\r\nhOST:x\r\nX-Y:\t z \r\n\r\n"), 200);
    EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 204);
}

TEST_F(ProtocolTest, BoundsTheHead) {
    const std::string get = "GET /secret HTTP/1.1\r\nHost: x\r\n";
    std::string fields;
    for (int i = 0; i < 99; ++i) fields += "X: y\r\n";
    EXPECT_EQ(status_of(get + fields + "\r\n"), 200);
    expect_refused(get + fields + "X: y\r\n\r\n", 431);
    EXPECT_EQ(status_of(get + "X: " + std::string(30'000, 'y') + "\r\n\r\n"), 200);
    expect_refused(get + "X: " + std::string(33'000, 'y') + "\r\n\r\n", 431);
    // No end in sight: refused as soon as it is too much.
    expect_refused(get + "X: " + std::string(200'000, 'y'), 431);
    EXPECT_EQ(
        status_of("GET /secret?" + std::string(8000, 'q') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
        200);
    expect_refused("GET /" + std::string(8200, 'q') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414);
}

TEST_F(ProtocolTest, RefusesBrokenChunksWithoutReadingOn) {
    for (const char* body :
         {"5\r\nhelloX\r\n0\r\n\r\n", "zz\r\n", "\r\n", "5\nhello\r\n0\r\n\r\n",
          "-5\r\nhello\r\n", "5 x\r\nhello\r\n0\r\n\r\n", "10000000000000000\r\n",
          "0x5\r\nhello\r\n"}) {
        auto c = client();
        ASSERT_TRUE(c.write_raw(
            std::string(
                "POST /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") +
            body));
        ASSERT_TRUE(c.write_raw("GET /secret HTTP/1.1\r\nHost: x\r\n\r\n"));
        const auto response = c.read_response();
        ASSERT_TRUE(response) << body;
        EXPECT_EQ(response->status, 404) << body;
        EXPECT_EQ(response->headers.get("Connection"), "close") << body;
        EXPECT_FALSE(c.read_response()) << body;
    }
}

TEST(ChunkedDecoder, GivesTheSameDataForEveryCut) {
    const std::string body = "5\r\nhello\r\nA;x=y\r\n0123456789\r\n000\r\nT: v\r\n\r\nnext";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        ChunkedDecoder decoder;
        std::string buffer = body.substr(0, cut);
        std::string data;
        bool fed = false;
        while (!decoder.done()) {
            const auto step = decoder.next(buffer);
            ASSERT_TRUE(step) << cut;
            buffer.erase(0, step->consumed);
            data += buffer.substr(0, step->data);
            buffer.erase(0, step->data);
            if (decoder.done() || step->data > 0) continue;
            ASSERT_FALSE(std::exchange(fed, true)) << cut;
            buffer += body.substr(cut);
        }
        EXPECT_EQ(data, "hello0123456789") << cut;
        if (!fed) buffer += body.substr(cut);
        EXPECT_EQ(buffer, "next") << cut;
    }
}

TEST(RequestHead, IsIncompleteAtEveryCutAndThenComplete) {
    const std::string head = "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
    std::size_t searched = 0;
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        const auto outcome = parse_request_head({head.data(), cut}, {}, searched);
        ASSERT_TRUE(std::holds_alternative<HeadIncomplete>(outcome)) << cut;
    }
    const auto outcome = parse_request_head(head + "body", {}, searched);
    const auto* complete = std::get_if<HeadComplete>(&outcome);
    ASSERT_NE(complete, nullptr);
    EXPECT_EQ(complete->size_bytes, head.size());
    EXPECT_EQ(complete->head.path, "/a");
    EXPECT_EQ(complete->head.query, "b=c");
    EXPECT_EQ(complete->head.headers.get("accept"), "*/*");
}

}  // namespace
}  // namespace larmor::http
