#include <charconv>
#include <fstream>
#include <limits>
#include <map>
#include <optional>

#include "base/result.h"
#include "faults/queue/history_file.h"

namespace larmor::queue::testing {
namespace {

using Fields = std::vector<std::string>;

/// A call whose end nobody wrote was still going on when its process died.
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

struct Call {
    Interval when{.end = kNever, .ended = Time::max()};
    Ending ending = Ending::Unknown;
    std::vector<RecordedAct> acts;
};

Fields fields_of(const std::string& line) {
    Fields fields;
    std::size_t begin = 0;
    for (std::size_t tab = 0; tab != std::string::npos; begin = tab + 1) {
        tab = line.find('\t', begin);
        fields.push_back(line.substr(begin, tab - begin));
    }
    return fields;
}

template <typename T = std::int64_t>
T number(const std::string& text) {
    T value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    LARMOR_CHECK(parsed.ec == std::errc() && parsed.ptr == text.data() + text.size());
    return value;
}
Time time_of(const std::string& text) {
    return Time(microseconds(number(text)));
}

Delivery delivery_of(const Fields& fields) {
    LARMOR_CHECK(fields.size() == 13);
    Delivery delivery;
    delivery.when = {.begin = number<std::uint64_t>(fields[1]),
                     .end = number<std::uint64_t>(fields[3]),
                     .began = time_of(fields[2]),
                     .ended = time_of(fields[4])};
    delivery.batch_size = number<std::size_t>(fields[5]);
    delivery.run = number<int>(fields[6]);
    auto& message = delivery.message;
    message.id = MessageId(number(fields[7]));
    message.receipt_handle = fields[8];
    message.receive_count = number(fields[9]);
    message.start_count = number(fields[10]);
    message.suspect = fields[11] == "1";
    message.body = fields[12];
    return delivery;
}

Call call_of(const Fields& fields) {
    Call call;
    call.when.begin = number<std::uint64_t>(fields[2]);
    call.when.began = time_of(fields[3]);
    for (std::size_t i = 4; i + 1 < fields.size(); i += 2) {
        call.acts.push_back({fields[i], fields[i + 1]});
    }
    return call;
}

void end_call(Call& call, const Fields& fields) {
    call.when.end = number<std::uint64_t>(fields[2]);
    call.when.ended = time_of(fields[3]);
    call.ending = fields[4] == "ok"       ? Ending::Ok
                  : fields[4] == "failed" ? Ending::Failed
                                          : Ending::Unknown;
}

std::optional<Act> act_named(const std::string& what) {
    static const std::map<std::string, Act> kActs = {{"start", Act::Start},
                                                     {"remove", Act::Remove},
                                                     {"release", Act::Release},
                                                     {"dead_letter", Act::DeadLetter},
                                                     {"extend", Act::Extend}};
    const auto found = kActs.find(what);
    return found == kActs.end() ? std::nullopt : std::optional(found->second);
}

/// A send of its own, or what a step sent together with the removal of its message.
void add(const Call& call, const std::map<std::string, std::size_t>& deliveries,
         History& history) {
    std::vector<std::string> sent;
    std::optional<DeliveryCall> done;
    for (const auto& act : call.acts) {
        if (act.what == "send") {
            sent.push_back(act.subject);
            continue;
        }
        LARMOR_CHECK(!done);  // this program does one thing to one message a call
        done = {.when = call.when,
                .ending = call.ending,
                .act = act_named(act.what).value(),
                .delivery = deliveries.at(act.subject)};
    }
    if (!done) {
        for (const auto& body : sent) history.sends.push_back({call.when, call.ending, body});
        return;
    }
    if (!sent.empty()) {
        LARMOR_CHECK(sent.size() == 1 && done->act == Act::Remove);
        done->act = Act::Step;
        done->child = sent[0];
    }
    history.calls.push_back(*done);
}

}  // namespace

void read_history(const std::string& path, History& history) {
    std::ifstream file(path);
    LARMOR_CHECK(file.good());
    std::map<std::uint64_t, Call> calls;
    std::map<std::string, std::size_t> deliveries;  // by receipt handle
    for (std::string line; std::getline(file, line);) {
        const Fields fields = fields_of(line);
        if (fields[0] == "delivery") {
            deliveries[fields.at(8)] = history.deliveries.size();
            history.deliveries.push_back(delivery_of(fields));
        } else if (fields[0] == "call") {
            calls[number<std::uint64_t>(fields.at(1))] = call_of(fields);
        } else {
            end_call(calls.at(number<std::uint64_t>(fields.at(1))), fields);
        }
    }
    for (const auto& [id, call] : calls) add(call, deliveries, history);
}

}  // namespace larmor::queue::testing
