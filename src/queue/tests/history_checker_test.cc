#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/tests/history.h"

namespace larmor::queue::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Writes a history call by call; a second passes between two.
class Book {
public:
    Book() {
        history.visibility_timeout = 10s;
        history.receive_count_max = 2;
    }
    Interval next() {
        const Interval when{.begin = calls_ + 1,
                            .end = calls_ + 2,
                            .began = Time(1s * calls_),
                            .ended = Time(1s * calls_)};
        calls_ += 2;
        return when;
    }
    void send(const std::string& body, Ending ending = Ending::Ok) {
        history.sends.push_back({next(), ending, body});
    }
    std::size_t deliver(const std::string& body, std::int64_t receive_count = 1) {
        Message message;
        message.id = MessageId(std::hash<std::string>{}(body) >> 1U);
        message.body = body;
        message.receive_count = receive_count;
        history.deliveries.push_back({next(), message, 1, 0});
        return history.deliveries.size() - 1;
    }
    void call(std::size_t delivery, Act act, Ending ending = Ending::Ok,
              const std::string& child = {}) {
        history.calls.push_back({next(), ending, act, delivery, child});
    }
    void drain(const std::string& body) {
        Message message;
        message.body = body;
        history.drained.push_back(message);
    }
    void bury(const std::string& body, const std::string& reason, std::int64_t start_count) {
        DeadLetter letter;
        letter.reason = reason;
        letter.start_count = start_count;
        history.dead[body] = letter;
    }
    void pass_timeout() { calls_ += 10; }

    History history;

private:
    std::uint64_t calls_ = 0;
};

class HistoryChecker : public ::testing::Test {
protected:
    Book book_;
    void expect_nothing() { EXPECT_THAT(violations(book_.history), IsEmpty()); }
    void expect(const char* what) {
        EXPECT_THAT(violations(book_.history), ElementsAre(HasSubstr(what)));
    }
};

TEST_F(HistoryChecker, AcceptsWhatAGoodQueueDoes) {
    book_.send("a");
    const auto first = book_.deliver("a");
    book_.call(first, Act::Start);
    book_.pass_timeout();
    const auto second = book_.deliver("a", 2);
    book_.call(first, Act::Remove, Ending::Failed);
    book_.call(second, Act::Step, Ending::Unknown, "b");
    book_.drain("b");
    book_.send("c", Ending::Unknown);
    book_.send("d");
    book_.drain("d");
    expect_nothing();
}

TEST_F(HistoryChecker, FindsALostMessage) {
    book_.send("a");
    expect("was lost");
}

TEST_F(HistoryChecker, FindsALostMessageOfAStep) {
    book_.send("a");
    book_.call(book_.deliver("a"), Act::Step, Ending::Ok, "b");
    expect("message b was lost");
}

TEST_F(HistoryChecker, FindsAMessageRemovedThatWasNotDone) {
    book_.send("a");
    book_.call(book_.deliver("a"), Act::Release);
    expect("was lost");
}

TEST_F(HistoryChecker, FindsAMessageThatCameBackAfterItsRemoval) {
    book_.send("a");
    book_.call(book_.deliver("a"), Act::Remove);
    book_.deliver("a", 2);
    expect("was delivered after it was removed");
}

TEST_F(HistoryChecker, FindsAMessageInFlightTwice) {
    book_.send("a");
    book_.deliver("a");
    book_.deliver("a", 2);
    book_.drain("a");
    expect("was in flight twice");
}

TEST_F(HistoryChecker, FindsAHandleRefusedWithoutAReason) {
    book_.send("a");
    book_.call(book_.deliver("a"), Act::Remove, Ending::Failed);
    book_.drain("a");
    expect("was refused with a good receipt handle");
}

TEST_F(HistoryChecker, FindsAStepOfWhichHalfHappened) {
    book_.send("a");
    book_.call(book_.deliver("a"), Act::Step, Ending::Unknown, "b");
    book_.drain("a");
    book_.drain("b");
    expect("message b was sent by a step whose own message is still there");
}

TEST_F(HistoryChecker, FindsMoreDeliveriesThanTheLimit) {
    book_.send("a");
    book_.deliver("a");
    book_.history.deliveries[0].message.start_count = 3;
    book_.drain("a");
    expect("more often than receive_count_max");
}

TEST_F(HistoryChecker, FindsADeadLetterBeforeItsLastStart) {
    book_.send("a");
    book_.bury("a", kWorkerLost, 1);
    expect("before its last start");
}

TEST_F(HistoryChecker, FindsASuspectThatWasNotAlone) {
    book_.send("a");
    book_.deliver("a");
    book_.history.deliveries[0].message.suspect = true;
    book_.history.deliveries[0].batch_size = 2;
    book_.drain("a");
    expect("was suspect and not received alone");
}

TEST_F(HistoryChecker, FindsEffectsThatDoNotBelongToWhatWasRemoved) {
    auto& effects = book_.history.effects.emplace();
    book_.send("done");
    book_.call(book_.deliver("done"), Act::Remove, Ending::Unknown);
    effects["done"] = 1;
    expect_nothing();
    effects["done"] = 2;
    expect("done was done twice");
    effects.clear();
    expect("done was removed and not done");
    effects["done"] = 1;
    book_.drain("done");
    expect("done was done and is still there");
    book_.history.drained.clear();
    book_.history.calls.clear();
    EXPECT_THAT(violations(book_.history),
                ElementsAre(HasSubstr("was lost"), HasSubstr("nobody removed it")));
}

TEST_F(HistoryChecker, FindsWhatNobodySentAndWhatWasSentTwice) {
    book_.drain("a");
    book_.send("b");
    book_.drain("b");
    book_.drain("b");
    EXPECT_THAT(violations(book_.history), ElementsAre(HasSubstr("b was there twice"),
                                                       HasSubstr("a was delivered and never")));
}

}  // namespace
}  // namespace larmor::queue::testing
