#include "audit_export/exporter.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "audit/tests/trail_fixture.h"
#include "audit_export/follower.h"

namespace larmor::audit_export {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A repository on loopback that takes frames of RFC 6587 from one connection at a time.
class Repository {
public:
    explicit Repository(std::uint16_t port = 0) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const int one = 1;
        setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        LARMOR_CHECK(::bind(listener_.get(), any, size) == 0);
        LARMOR_CHECK(::listen(listener_.get(), 4) == 0);
        getsockname(listener_.get(), any, &size);
        port_ = ntohs(address.sin_port);
    }
    std::uint16_t port() const { return port_; }

    /// The next message; fails the test when none comes for 20 s.
    std::string next() {
        while (true) {
            const auto space = buffer_.find(' ');
            if (space != std::string::npos) {
                const auto count = std::stoul(buffer_.substr(0, space));
                if (buffer_.size() >= space + 1 + count) {
                    auto message = buffer_.substr(space + 1, count);
                    buffer_.erase(0, space + 1 + count);
                    return message;
                }
            }
            if (!fill()) return {};
        }
    }
    /// Breaks the connection so that the other end learns that not all was taken.
    void hang_up() {
        const linger at_once{1, 0};
        setsockopt(connection_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        connection_.reset();
        buffer_.clear();
    }

private:
    bool fill() {
        if (!connection_) {
            if (!ready(listener_.get())) return false;
            connection_ = UniqueFd(::accept(listener_.get(), nullptr, nullptr));
        }
        if (!ready(connection_.get())) return false;
        std::array<char, 4096> piece{};
        const auto n = ::recv(connection_.get(), piece.data(), piece.size(), 0);
        if (n <= 0) {
            connection_.reset();
            buffer_.clear();
            return true;
        }
        buffer_.append(piece.data(), static_cast<std::size_t>(n));
        return true;
    }
    static bool ready(int fd) {
        pollfd poll_for{fd, POLLIN, 0};
        EXPECT_EQ(::poll(&poll_for, 1, 20'000), 1) << "no message came";
        return poll_for.revents != 0;
    }

    UniqueFd listener_;
    UniqueFd connection_;
    std::uint16_t port_ = 0;
    std::string buffer_;
};

class ExporterTest : public audit::TrailTest {
protected:
    std::unique_ptr<audit::Log> open_log() const {
        audit::LogOptions options;
        options.trail.folder = folder_;
        options.windows.length = std::chrono::milliseconds(0);
        auto log = audit::Log::open(options);
        LARMOR_CHECK(log.has_value());
        return *std::move(log);
    }
    static void note(audit::Log& log, const std::string& study) {
        audit::Entry entry;
        entry.action = audit::Action::Retrieve;
        entry.subject.study = study;
        ASSERT_TRUE(log.record_and_wait(std::move(entry)));
    }
    static std::unique_ptr<Exporter> start(audit::Log& log, std::uint16_t port) {
        ExporterOptions options;
        options.target = {SyslogTarget::Transport::Tcp, "127.0.0.1", port};
        options.source = "pacs";
        options.timeout = std::chrono::milliseconds(5000);
        options.retry_max = std::chrono::milliseconds(20);
        auto exporter = Exporter::start(log, options);
        LARMOR_CHECK(exporter.has_value());
        return *std::move(exporter);
    }
    static auto is_of(const std::string& study) {
        return HasSubstr("ParticipantObjectID=\"" + study + "\"");
    }
    std::optional<audit::Anchor> exported() const {
        return audit::read_anchor(folder_, "exported.json");
    }
};

TEST_F(ExporterTest, SendsWhatWasThereBeforeAndWhatComes) {
    Repository repository;
    const auto log = open_log();
    note(*log, "1.1");
    const auto exporter = start(*log, repository.port());
    EXPECT_THAT(repository.next(), is_of("1.1"));
    note(*log, "1.2");
    EXPECT_THAT(repository.next(), is_of("1.2"));
}

TEST_F(ExporterTest, GoesOnWhereItHadCome) {
    Repository repository;
    const auto log = open_log();
    note(*log, "1.1");
    {
        const auto exporter = start(*log, repository.port());
        EXPECT_THAT(repository.next(), is_of("1.1"));
        while (!exported()) std::this_thread::yield();
    }
    repository.hang_up();
    note(*log, "1.2");
    const auto exporter = start(*log, repository.port());
    EXPECT_THAT(repository.next(), is_of("1.2"));
}

TEST_F(ExporterTest, SendsAgainWhatABrokenConnectionMayHaveLost) {
    auto repository = std::make_unique<Repository>();
    const auto port = repository->port();
    const auto log = open_log();
    const auto exporter = start(*log, port);
    note(*log, "1.1");
    EXPECT_THAT(repository->next(), is_of("1.1"));
    while (!exported()) std::this_thread::yield();
    // Nobody listens: the next ones go nowhere, however often they are tried.
    repository->hang_up();
    repository.reset();
    note(*log, "1.2");
    note(*log, "1.3");
    repository = std::make_unique<Repository>(port);
    EXPECT_THAT(repository->next(), is_of("1.2"));
    EXPECT_THAT(repository->next(), is_of("1.3"));
}

class FollowerTest : public audit::TrailTest {
protected:
    static std::vector<std::uint64_t> read(Follower& follower) {
        std::vector<std::uint64_t> numbers;
        EXPECT_TRUE(follower.read_on([&](const audit::Record& record) -> Result<void> {
            numbers.push_back(record.number);
            return {};
        }));
        return numbers;
    }
};

TEST_F(FollowerTest, ReadsEachRecordOnceOverAllFiles) {
    Follower follower(folder_);
    {
        auto trail = open_trail(1);  // a file a batch
        append(trail, 2, "a");
        EXPECT_THAT(read(follower), ElementsAre(1, 2));
        append(trail, 1, "b");
        append(trail, 1, "c");
    }
    EXPECT_THAT(read(follower), ElementsAre(3, 4));
    EXPECT_THAT(read(follower), ElementsAre());
    Follower later(folder_);
    ASSERT_TRUE(follower.position());
    later.seek(follower.position());
    EXPECT_THAT(read(later), ElementsAre());
}

TEST_F(FollowerTest, GivesABatchAgainThatWasNotTaken) {
    auto trail = open_trail();
    append(trail, 1, "a");
    append(trail, 2, "b");
    Follower follower(folder_);
    const auto refused = follower.read_on([](const audit::Record& record) -> Result<void> {
        if (record.number == 3) return fail(ErrorCode::Unavailable, "away");
        return {};
    });
    EXPECT_FALSE(refused);
    EXPECT_THAT(read(follower), ElementsAre(2, 3));
}

TEST_F(FollowerTest, PassesOverWhatIsDamagedWhereAnotherFileFollows) {
    {
        auto trail = open_trail();
        append(trail, 1, "a");
        append(trail, 1, "b");
        append(trail, 1, "after it");
    }
    auto text = content(path());
    text[text.find("\"query\":\"b\"") + 9] = 'x';
    replace(path(), text);
    {
        auto trail = open_trail();  // begins file 2 behind the damage
        append(trail, 1, "c");
    }
    Follower follower(folder_);
    EXPECT_THAT(read(follower), ElementsAre(1, 4));
}

TEST_F(FollowerTest, BeginsAnewInAnotherTrail) {
    Follower first(folder_);
    {
        auto trail = open_trail();
        append(trail, 3, "a");
    }
    EXPECT_THAT(read(first), ElementsAre(1, 2, 3));
    std::filesystem::remove_all(folder_);
    auto trail = open_trail();
    append(trail, 1, "b");
    Follower again(folder_);
    again.seek(first.position());
    EXPECT_THAT(read(again), ElementsAre(1));
}

}  // namespace
}  // namespace larmor::audit_export
