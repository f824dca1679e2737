#include "http/static_files.h"

#include <unistd.h>

#include <fstream>

#include "http/tests/server_fixture.h"

namespace larmor::http {
namespace {

class StaticFilesTest : public ServerTest {
protected:
    void SetUp() override {
        char name[] = "/tmp/larmor-static-XXXXXX";
        folder_ = mkdtemp(name);
        std::filesystem::create_directories(folder_ / "web/assets");
        write("web/index.html", "<html>" + std::string(2000, ' ') + "</html>");
        write("web/assets/app-1a2b.js", "let a = 1;");
        write("web/assets/app-1a2b.js.gz", "pre");
        write("web/icon.png", "\x89PNG");
        write("secret.txt", "secret");
        std::filesystem::create_symlink(folder_ / "secret.txt", folder_ / "web/link.txt");
        const auto files = StaticFiles::load({.folder = folder_ / "web"});
        ASSERT_TRUE(files) << files.error().message;
        EXPECT_EQ((*files)->file_count(), 4) << "links are left out";
        router_->add(StaticFiles::route(*files, "", Right("public")));
        start();
    }
    void TearDown() override {
        server_.reset();
        std::filesystem::remove_all(folder_);
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    std::filesystem::path folder_;
};

TEST_F(StaticFilesTest, ServesFilesWithTypesTagsAndCacheRules) {
    auto c = client();
    const auto page = c.get("/");
    EXPECT_EQ(page->status, 200);
    EXPECT_EQ(page->headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(page->headers.get("Cache-Control"), "no-cache");
    EXPECT_EQ(page->headers.get("X-Content-Type-Options"), "nosniff");
    const std::string etag(page->headers.get("ETag"));
    EXPECT_EQ(c.get("/", {{"If-None-Match", etag}})->status, 304);
    const auto script = c.get("/assets/app-1a2b.js");
    EXPECT_EQ(script->body, "let a = 1;");
    EXPECT_EQ(script->headers.get("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_THAT(std::string(script->headers.get("Cache-Control")),
                testing::HasSubstr("immutable"));
    EXPECT_EQ(c.get("/icon.png")->headers.get("Content-Type"), "image/png");
    EXPECT_EQ(c.get("/icon.png", {{"Range", "bytes=1-3"}})->body, "PNG");
}

TEST_F(StaticFilesTest, SendsCompressedFormsToThoseWhoTakeThem) {
    auto c = client();
    EXPECT_EQ(c.get("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip"}})->body, "pre");
    const auto page = c.get("/index.html", {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(page->headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(page->headers.get("Vary"), "Accept-Encoding");
    EXPECT_LT(page->body.size(), 100);
    EXPECT_NE(page->headers.get("ETag"), c.get("/index.html")->headers.get("ETag"));
    EXPECT_FALSE(
        c.get("/icon.png", {{"Accept-Encoding", "gzip"}})->headers.has("Content-Encoding"));
}

TEST_F(StaticFilesTest, FallsBackToThePageForItsOwnRoutesOnly) {
    auto c = client();
    EXPECT_THAT(c.get("/studies/1")->body, testing::StartsWith("<html>"));
    EXPECT_EQ(c.get("/assets/gone.js")->status, 404);
}

TEST_F(StaticFilesTest, NeverLeavesItsFolder) {
    auto c = client();
    for (const char* target : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
                               "/assets/../../secret.txt", "//secret.txt", "/link.txt",
                               "/%2fetc%2fpasswd", "/assets/%5c..%5csecret.txt"}) {
        const auto response = c.get(target);
        ASSERT_TRUE(response) << target;
        EXPECT_EQ(response->body.find("secret"), std::string::npos) << target;
        EXPECT_NE(response->status, 200) << target;
    }
}

TEST(StaticFiles, SaysWhenTheFolderIsMissingOrTooLarge) {
    EXPECT_EQ(StaticFiles::load({.folder = "/nonexistent"}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(StaticFiles::load({.folder = LARMOR_SOURCE_DIR "/src/http", .size_max = 1000})
                  .error()
                  .code,
              ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace larmor::http
