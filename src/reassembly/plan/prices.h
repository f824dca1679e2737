#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::reassembly::plan {

/// How archives come out of cold storage. Prices are in the file's currency, GiB are 2^30
/// bytes.
struct Tier {
    std::string name;
    double first_ready_hours = 0;  ///< after the request: the first archives
    double all_ready_hours = 0;
    double gib_price = 0;
    double thousand_requests_price = 0;
    std::uint64_t large_from_bytes = 0;  ///< archives from this size are restored at the rate
    double large_bytes_per_second = 0;   ///< below; 0: no archive is
    bool never_expires = false;          ///< there are no copies, and no window
};

struct Store {
    double gib_month_price = 0;  ///< a month has 30 days
    double thousand_puts_price = 0;
    double thousand_gets_price = 0;
    std::uint64_t read_bytes = 0;  ///< of one GET of an archive
    double puts_per_second = 0;
    double gets_per_second = 0;
};

/// Bytes of one instance on the average.
struct InstanceSizes {
    std::uint64_t header_bytes = 0;  ///< of a file beyond its pixels
    std::uint64_t index_bytes = 0;   ///< of memory
    std::uint64_t spool_bytes = 0;
};

struct Machine {
    double hour_price = 0;
    unsigned processors = 0;
    std::uint64_t memory_bytes = 0;
    double read_bytes_per_second = 0;
    double write_bytes_per_second = 0;
    double scanned_members_per_second = 0;
    double joined_uids_per_second = 0;
    double fused_members_per_second = 0;
    double random_reads_per_second = 0;
};

struct Worker {
    double hour_price = 0;
    double read_bytes_per_second = 0;
    double write_bytes_per_second = 0;
    double unpacked_members_per_second = 0;
    double fused_members_per_second = 0;
};

/// The table of what is matched, which all workers share.
struct State {
    double hour_price = 0;
    double updates_per_second = 0;
};

/// Where rates and sizes come from, by their names (`machine.random_reads_per_second`). What is
/// in neither list is assumed.
struct Origin {
    std::string date;     ///< 2026-11-30: when they were measured
    std::string machine;  ///< on what
    std::vector<std::string> measured;
    std::vector<std::string> scaled;  ///< from what was measured there to another machine
};

struct Prices {
    std::string date;  ///< 2026-11-30: when somebody last looked
    std::string currency;
    std::string place;
    Origin origin;
    double restore_days = 0;  ///< that a restored copy is readable
    double restore_requests_per_second = 0;
    Store store;
    InstanceSizes instance;
    Machine machine;
    Worker worker;
    State state;
    std::vector<Tier> tiers;
};

/// Reads prices and rates from TOML, as `prices.toml` beside this file has them. Each key must
/// be there, and no other may. Errors: InvalidInput with line or key.
Result<Prices> read_prices(std::string_view toml);

/// The text of `prices.toml`, which is built in.
std::string_view built_in_prices();

}  // namespace larmor::reassembly::plan
