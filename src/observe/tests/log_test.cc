#include "observe/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

namespace larmor::observe {
namespace {

/// Sends the log into a pipe and gives what was written.
class LogTest : public testing::Test {
protected:
    LogTest() { EXPECT_EQ(pipe2(pipe_, O_NONBLOCK), 0); }
    ~LogTest() override {
        configure_log({});
        close(pipe_[0]);
        close(pipe_[1]);
    }
    void use(LogFormat format, LogLevel level = LogLevel::Info) {
        configure_log({.format = format, .level = level, .fd = pipe_[1]});
    }
    std::string written() {
        char buffer[65536];
        const auto n = read(pipe_[0], buffer, sizeof buffer);
        return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
    }
    int pipe_[2];
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
    use(LogFormat::Json);
    log_info("instance stored", {{"sop_instance_uid", "1.2.3"},
                                 {"size_bytes", std::size_t{39}},
                                 {"delta", -1},
                                 {"again", false},
                                 {"ratio", 0.5},
                                 {"took_s", std::chrono::milliseconds(1500)}});
    EXPECT_THAT(
        written(),
        testing::MatchesRegex(
            R"(\{"time":"20[0-9-]+T[0-9:.]+Z","level":"info","event":"instance stored",)"
            R"("sop_instance_uid":"1.2.3","size_bytes":39,"delta":-1,"again":false,)"
            R"("ratio":0.5,"took_s":1.5\})"
            "\n"));
}

TEST_F(LogTest, WritesTextForPeople) {
    use(LogFormat::Text);
    log_warning("slow disk", {{"path", "/a b"}, {"ms", 12}});
    EXPECT_THAT(written(),
                testing::MatchesRegex("[0-9:.]+ WARN  slow disk path=\"/a b\" ms=12\n"));
}

TEST_F(LogTest, InputCannotForgeALine) {
    for (const auto format : {LogFormat::Text, LogFormat::Json}) {
        use(format);
        log_info("request", {{"target", "/x\n{\"level\":\"error\"}\x1b[2J"}});
        const auto text = written();
        EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
        EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    }
}

TEST_F(LogTest, WritesNoNumbersThatJsonDoesNotHave) {
    use(LogFormat::Json);
    log_info("x", {{"nan", std::numeric_limits<double>::quiet_NaN()}, {"bad", "\xff"}});
    EXPECT_THAT(written(), testing::HasSubstr(R"("nan":null,"bad":"not UTF-8")"));
}

TEST_F(LogTest, LeavesOutLevelsBelowTheConfigured) {
    use(LogFormat::Text, LogLevel::Warning);
    log_info("quiet");
    EXPECT_EQ(written(), "");
    EXPECT_FALSE(log_enabled(LogLevel::Info));
    log_error("loud");
    EXPECT_THAT(written(), testing::HasSubstr("ERROR loud"));
    use(LogFormat::Text, LogLevel::Off);
    log_error("off");
    EXPECT_EQ(written(), "");
}

TEST_F(LogTest, LinesOfThreadsDoNotMix) {
    const int fd = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND, 0600);
    ASSERT_GE(fd, 0);
    configure_log({.format = LogFormat::Text, .fd = fd});
    std::vector<std::thread> threads;
    const std::string filler(200, 'x');
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&filler] {
            for (int i = 0; i < 500; ++i) log_info("line", {{"text", filler}});
        });
    }
    for (auto& thread : threads) thread.join();
    struct stat info{};
    ASSERT_EQ(fstat(fd, &info), 0);
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    ASSERT_EQ(pread(fd, text.data(), text.size(), 0), info.st_size);
    close(fd);
    std::istringstream lines(text);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        ASSERT_THAT(line, testing::EndsWith(" INFO  line text=" + filler));
    }
    EXPECT_EQ(count, 2000);
}

// A sensitive value is refused by the compiler: no stream, no field.
template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Streamable<Sensitive<std::string>>);
static_assert(!std::is_convertible_v<Sensitive<std::string>, LogValue>);
static_assert(!std::is_convertible_v<Sensitive<std::string>, std::string>);
static_assert(std::is_convertible_v<std::string, LogValue>);

TEST(LogNames, AreParsedOrRefusedWithTheWordsThatAreTaken) {
    EXPECT_EQ(parse_log_level("warning"), LogLevel::Warning);
    EXPECT_EQ(parse_log_format("json"), LogFormat::Json);
    EXPECT_THAT(parse_log_level("loud").error().message, testing::HasSubstr("debug, info"));
    EXPECT_THAT(parse_log_format("xml").error().message, testing::HasSubstr("text, json"));
}

}  // namespace
}  // namespace larmor::observe
