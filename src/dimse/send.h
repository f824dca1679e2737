#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "dimse/association.h"
#include "dimse/data_set_source.h"
#include "dimse/store_sender.h"

namespace larmor::dimse {

/// Something to send, opened when its turn comes; where from, for reports.
struct SendItem {
    std::string name;
    std::function<Result<std::unique_ptr<DataSetSource>>()> open;
};

struct SendOptions {
    std::string calling = "LARMOR";
    Patience patience;
    /// An association that breaks, or a peer that is out of resources, is tried again so often
    /// in a row, after a pause that doubles.
    unsigned attempts_max = 5;
    std::chrono::milliseconds first_pause{500};
};

struct SendTally {
    std::uint64_t sent = 0;  ///< with warnings
    std::uint64_t warnings = 0;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
};

/// Sends everything to one application entity, each instance once it was answered: told to
/// `report` in order. What a peer refuses for good is a failure and does not stop the others;
/// what may succeed later is tried again. Blocks. Errors: Unavailable, Denied where the peer
/// can not be reached, or not any more: the rest was not sent.
using SendReport = std::function<void(const SendItem& item, const SendOutcome& outcome)>;
Result<SendTally> send_all(const RemoteAddress& remote, const std::vector<SendItem>& items,
                           const SendOptions& options, const SendReport& report);

}  // namespace larmor::dimse
