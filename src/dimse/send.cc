#include "dimse/send.h"

#include <thread>

#include "dimse/status.h"

namespace larmor::dimse {
namespace {

/// Opened at a time, to know what to propose for them.
constexpr std::size_t kBatchMax = 256;

bool may_succeed_later(std::uint16_t status) {
    return (status & 0xff00U) == status::kOutOfResources;  // A7xx: PS3.4 table B.2-1
}
bool is_good(std::uint16_t value) {
    return value == status::kSuccess || status::is_warning(value);
}

class Sending {
public:
    Sending(const RemoteAddress& remote, const std::vector<SendItem>& items,
            const SendOptions& options, const SendReport& report)
        : remote_(remote), items_(items), options_(options), report_(report) {}

    Result<SendTally> run() {
        while (at_ < items_.size()) {
            const std::size_t before = at_;
            const auto sent = send_batch();
            if (at_ != before) attempts_ = 0;
            if (sent) continue;
            if (sent.error().code == ErrorCode::Denied ||
                ++attempts_ >= options_.attempts_max) {
                return tl::unexpected(sent.error());
            }
            std::this_thread::sleep_for(options_.first_pause * (1U << (attempts_ - 1)));
        }
        return tally_;
    }

private:
    /// In one association: as many as it has contexts for. Stops at the first that must be
    /// tried again.
    Result<void> send_batch() {
        Proposals proposals;
        std::vector<std::unique_ptr<DataSetSource>> sources;
        while (sources.size() < kBatchMax && at_ + sources.size() < items_.size()) {
            auto source = items_[at_ + sources.size()].open();
            if (!source) {
                if (!sources.empty()) break;
                done({status::kProcessingFailure, source.error().message});
                continue;
            }
            if (!proposals.add((*source)->sop_class_uid(),
                               (*source)->transfer_syntaxes().front())) {
                break;
            }
            sources.push_back(*std::move(source));
        }
        if (sources.empty()) return {};
        TRY(const auto association, Association::request(remote_, options_.calling,
                                                         proposals.list(), options_.patience));
        for (auto& source : sources) {
            TRY(const auto outcome, send_instance(*association, *source, std::nullopt));
            if (may_succeed_later(outcome.status) && attempts_ + 1 < options_.attempts_max) {
                return fail(ErrorCode::Unavailable, "the peer is out of resources");
            }
            done(outcome);
            source.reset();
        }
        // Every instance has its answer: a peer that does not say goodbye changes nothing.
        [[maybe_unused]] const auto released = association->release();
        return {};
    }

    void done(const SendOutcome& outcome) {
        if (is_good(outcome.status)) {
            ++tally_.sent;
            tally_.bytes += outcome.bytes;
            tally_.warnings += status::is_warning(outcome.status) ? 1 : 0;
        } else {
            ++tally_.failed;
        }
        report_(items_[at_++], outcome);
    }

    const RemoteAddress& remote_;
    const std::vector<SendItem>& items_;
    const SendOptions& options_;
    const SendReport& report_;
    SendTally tally_;
    std::size_t at_ = 0;
    unsigned attempts_ = 0;
};

}  // namespace

Result<SendTally> send_all(const RemoteAddress& remote, const std::vector<SendItem>& items,
                           const SendOptions& options, const SendReport& report) {
    return Sending(remote, items, options, report).run();
}

}  // namespace larmor::dimse
