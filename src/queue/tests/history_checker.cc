#include <algorithm>
#include <set>

#include "queue/tests/history.h"

namespace larmor::queue::testing {
namespace {

bool may_have_happened(Ending ending) {
    return ending != Ending::Failed;
}
bool takes_away(Act act) {
    return act == Act::Remove || act == Act::Step;
}
bool ends_delivery(Act act) {
    return act != Act::Start && act != Act::Extend;
}

/// Everything about one message.
struct Story {
    std::vector<const SendCall*> sends;
    std::vector<std::size_t> deliveries;
    std::vector<const DeliveryCall*> calls;
    const DeliveryCall* parent = nullptr;  ///< the step that sent it
    bool drained = false;
    const DeadLetter* dead = nullptr;
};

class Checker {
public:
    explicit Checker(const History& history) : history_(history) {
        for (const auto& send : history.sends) stories_[send.body].sends.push_back(&send);
        for (std::size_t i = 0; i < history.deliveries.size(); ++i) {
            stories_[history.deliveries[i].message.body].deliveries.push_back(i);
        }
        for (const auto& call : history.calls) {
            stories_[body_of(call)].calls.push_back(&call);
            if (call.act == Act::Step) stories_[call.child].parent = &call;
        }
        for (const auto& message : history.drained) {
            auto& story = stories_[message.body];
            if (story.drained) found(message.body, "was there twice at the end");
            story.drained = true;
        }
        for (const auto& [body, letter] : history.dead) stories_[body].dead = &letter;
        for (auto& [body, story] : stories_) {
            // Threads note them in any order.
            std::ranges::sort(story.deliveries, {}, [&](std::size_t delivery) {
                return history.deliveries[delivery].message.receive_count;
            });
        }
    }

    std::vector<std::string> check() {
        for (const auto& [body, story] : stories_) {
            check_presence(body, story);
            check_removals(body, story);
            check_dead_letter(body, story);
            check_counts(body, story);
            check_exclusion(body, story);
            check_refusals(body, story);
            check_effects(body, story);
        }
        for (const auto& delivery : history_.deliveries) {
            if (delivery.message.suspect && delivery.batch_size != 1) {
                found(delivery.message.body, "was suspect and not received alone");
            }
        }
        return std::move(found_);
    }

private:
    const std::string& body_of(const DeliveryCall& call) const {
        return history_.deliveries[call.delivery].message.body;
    }
    void found(const std::string& body, const std::string& what) {
        found_.push_back("message " + body + " " + what);
    }

    /// Nothing sent is lost, nothing appears that nobody sent.
    void check_presence(const std::string& body, const Story& story) {
        const bool seen = story.drained || story.dead || !story.deliveries.empty();
        const auto sent = [&](auto condition) {
            return std::ranges::any_of(
                       story.sends,
                       [&](const auto* send) { return condition(send->ending); }) ||
                   (story.parent != nullptr && condition(story.parent->ending));
        };
        if (seen && !sent(may_have_happened)) found(body, "was delivered and never sent");
        const bool surely_sent = sent([](Ending ending) { return ending == Ending::Ok; });
        if (!surely_sent && !seen) return;
        const bool taken = std::ranges::any_of(story.calls, [](const auto* call) {
            return takes_away(call->act) && may_have_happened(call->ending);
        });
        if (!taken && !story.drained && !story.dead) found(body, "was lost");
        std::set<MessageId> ids;
        for (const auto delivery : story.deliveries) {
            ids.insert(history_.deliveries[delivery].message.id);
        }
        if (ids.size() > 1) found(body, "was sent twice");
    }

    /// What was removed stays away, and is removed once; so is what a step sent with it.
    void check_removals(const std::string& body, const Story& story) {
        int ends = 0;
        for (const auto* call : story.calls) {
            if (call->ending != Ending::Ok) continue;
            if (call->act == Act::DeadLetter) ++ends;
            if (!takes_away(call->act)) continue;
            ++ends;
            if (story.drained || story.dead) found(body, "was removed and is still there");
            for (const auto delivery : story.deliveries) {
                if (history_.deliveries[delivery].when.begin > call->when.end) {
                    found(body, "was delivered after it was removed");
                }
            }
        }
        if (ends > 1) found(body, "was removed twice");
        if (story.parent == nullptr) return;
        const bool seen = story.drained || story.dead || !story.deliveries.empty();
        const auto& parent = stories_[body_of(*story.parent)];
        if (seen && (parent.drained || parent.dead)) {
            found(body, "was sent by a step whose own message is still there");
        }
    }

    void check_dead_letter(const std::string& body, const Story& story) {
        const auto asked = [&](bool surely) {
            return std::ranges::any_of(story.calls, [&](const auto* call) {
                return call->act == Act::DeadLetter &&
                       (surely ? call->ending == Ending::Ok : may_have_happened(call->ending));
            });
        };
        if (asked(true) && !story.dead) found(body, "was dead-lettered and is not there");
        if (!story.dead) return;
        const bool by_itself =
            story.dead->reason == kReceiveCountMax || story.dead->reason == kWorkerLost;
        if (by_itself && story.dead->start_count < history_.receive_count_max) {
            found(body, "is a dead letter before its last start");
        }
        if (!by_itself && !asked(false)) found(body, "is a dead letter that nobody asked for");
    }

    /// Receive counts rise, starts are counted and end at the limit.
    void check_counts(const std::string& body, const Story& story) {
        std::int64_t last_receive_count = 0;
        for (const auto delivery : story.deliveries) {
            const auto& message = history_.deliveries[delivery].message;
            if (message.receive_count <= last_receive_count) {
                found(body, "has a receive count that does not rise");
            }
            last_receive_count = message.receive_count;
            if (message.start_count > history_.receive_count_max) {
                found(body, "was delivered more often than receive_count_max");
            }
        }
        const auto starts = std::ranges::count_if(story.calls, [](const auto* call) {
            return call->act == Act::Start && call->ending == Ending::Ok;
        });
        if (starts > history_.receive_count_max) found(body, "was started too often");
    }

    /// No two have it at the same time.
    void check_exclusion(const std::string& body, const Story& story) {
        for (std::size_t i = 1; i < story.deliveries.size(); ++i) {
            const std::size_t earlier = story.deliveries[i - 1];
            const auto& first = history_.deliveries[earlier];
            const auto& second = history_.deliveries[story.deliveries[i]];
            if (first.run != second.run) continue;
            const bool over =
                second.when.ended >= first.when.began + history_.visibility_timeout;
            const bool given_up = std::ranges::any_of(story.calls, [&](const auto* call) {
                return call->delivery == earlier && ends_delivery(call->act) &&
                       may_have_happened(call->ending) && call->when.begin < second.when.end;
            });
            if (!over && !given_up) found(body, "was in flight twice at the same time");
        }
    }

    /// A good receipt handle is not refused.
    void check_refusals(const std::string& body, const Story& story) {
        for (const auto* call : story.calls) {
            if (call->ending != Ending::Failed) continue;
            const auto& delivery = history_.deliveries[call->delivery];
            const bool over =
                call->when.ended >= delivery.when.began + history_.visibility_timeout;
            const bool ended = std::ranges::any_of(story.calls, [&](const auto* other) {
                return other != call && other->delivery == call->delivery &&
                       ends_delivery(other->act) && may_have_happened(other->ending) &&
                       other->when.begin < call->when.end;
            });
            if (!over && !ended) found(body, "was refused with a good receipt handle");
        }
    }

    /// Done once, by who removed it; whoever was killed left no doubt about this.
    void check_effects(const std::string& body, const Story& story) {
        if (!history_.effects) return;
        const auto row = history_.effects->find(body);
        const std::int64_t rows = row == history_.effects->end() ? 0 : row->second;
        if (rows > 1) found(body, "was done twice");
        const bool is_there = story.drained || story.dead;
        if (rows > 0 && is_there) found(body, "was done and is still there");
        const bool taken = std::ranges::any_of(story.calls, [](const auto* call) {
            return takes_away(call->act) && may_have_happened(call->ending);
        });
        if (rows > 0 && !taken) found(body, "was done and nobody removed it");
        const bool sent =
            !story.deliveries.empty() || std::ranges::any_of(story.sends, [](const auto* send) {
                return send->ending == Ending::Ok;
            });
        // Where nobody can have taken it, it is lost, which was said.
        if (rows == 0 && sent && taken && !is_there) found(body, "was removed and not done");
    }

    const History& history_;
    std::map<std::string, Story> stories_;
    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> violations(const History& history) {
    return Checker(history).check();
}

}  // namespace larmor::queue::testing
