#include "reassembly/plan/prices.h"

#include <array>
#include <cmath>
#include <set>
#include <sstream>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace larmor::reassembly::plan {
namespace {

enum class Least : std::uint8_t { Zero, AboveZero };

/// Takes the values of one table, and remembers the first thing that is wrong with it.
class PriceTable {
public:
    PriceTable(const toml::table* table, std::string name)
        : table_(table), name_(std::move(name)) {
        if (table_ == nullptr) problem_ = "there is no table [" + name_ + "]";
    }

    void text(std::string_view key, std::string& out) {
        const auto* node = take(key);
        if (node == nullptr) return;
        if (const auto* value = node->as_string(); value != nullptr && !value->get().empty()) {
            out = value->get();
        } else {
            blame(key, "is no text");
        }
    }
    void date(std::string_view key, std::string& out) {
        const auto* node = take(key);
        if (node == nullptr) return;
        const auto* value = node->as_date();
        if (value == nullptr) return blame(key, "is no date like 2026-11-30");
        std::ostringstream shown;
        shown << value->get();
        out = shown.str();
    }
    void number(std::string_view key, Least least, double& out) {
        if (const auto* node = take(key)) set(key, *node, least, out);
    }
    /// Whole numbers up to 2^53, which is more bytes than anybody has.
    template <typename T>
    void count(std::string_view key, T& out) {
        double value = 0;
        number(key, Least::AboveZero, value);
        if (value != std::floor(value) ||
            value > static_cast<double>(std::min<std::uint64_t>(
                        std::uint64_t{1} << 53, std::numeric_limits<T>::max()))) {
            return blame(key, "is no whole number, or too large");
        }
        out = static_cast<T>(value);
    }
    void pair(std::string_view key, double& first, double& second) {
        const auto* node = take(key);
        if (node == nullptr) return;
        const auto* array = node->as_array();
        if (array == nullptr || array->size() != 2) return blame(key, "is no pair of numbers");
        set(key, *array->get(0), Least::Zero, first);
        set(key, *array->get(1), Least::Zero, second);
        if (first > second) blame(key, "has the larger number first");
    }
    void texts(std::string_view key, std::vector<std::string>& out) {
        const auto* node = take(key);
        if (node == nullptr) return;
        const auto* array = node->as_array();
        if (array == nullptr) return blame(key, "is no list");
        for (const auto& one : *array) {
            const auto* value = one.as_string();
            if (value == nullptr) return blame(key, "has what is no text");
            out.push_back(value->get());
        }
    }
    void truth(std::string_view key, bool& out) {
        const auto* node = take(key);
        if (node == nullptr) return;
        const auto* value = node->as_boolean();
        if (value == nullptr) return blame(key, "is neither true nor false");
        out = value->get();
    }
    bool has(std::string_view key) const {
        return table_ != nullptr && table_->get(key) != nullptr;
    }
    void expect(std::string_view key) { known_.insert(std::string(key)); }

    Result<void> finish() const {
        if (!problem_.empty()) return fail(ErrorCode::InvalidInput, "prices: " + problem_);
        for (const auto& [key, node] : *table_) {
            if (known_.contains(std::string(key.str()))) continue;
            return fail(ErrorCode::InvalidInput, "prices: line " +
                                                     std::to_string(node.source().begin.line) +
                                                     ": " + full(key.str()) + " is not known");
        }
        return {};
    }

private:
    const toml::node* take(std::string_view key) {
        expect(key);
        const auto* node = table_ == nullptr ? nullptr : table_->get(key);
        if (node == nullptr) blame(key, "is missing");
        return node;
    }
    void set(std::string_view key, const toml::node& node, Least least, double& out) {
        const auto value = node.value<double>();
        const bool is_good =
            value && std::isfinite(*value) && (least == Least::Zero ? *value >= 0 : *value > 0);
        if (!node.is_number() || !is_good) {
            return blame(key, least == Least::Zero ? "is no number of at least 0"
                                                   : "is no number above 0");
        }
        out = *value;
    }
    void blame(std::string_view key, std::string_view what) {
        if (problem_.empty()) problem_ = full(key) + ' ' + std::string(what);
    }
    std::string full(std::string_view key) const {
        return name_.empty() ? std::string(key) : name_ + '.' + std::string(key);
    }

    const toml::table* table_;
    std::string name_;
    std::set<std::string> known_;
    std::string problem_;
};

Result<Tier> read_tier(const toml::table* table, std::size_t number) {
    PriceTable in(table, "tier " + std::to_string(number));
    Tier tier;
    in.text("name", tier.name);
    in.pair("ready_hours", tier.first_ready_hours, tier.all_ready_hours);
    in.number("gib_price", Least::Zero, tier.gib_price);
    in.number("thousand_requests_price", Least::Zero, tier.thousand_requests_price);
    if (in.has("large_from_bytes") || in.has("large_bytes_per_second")) {
        in.count("large_from_bytes", tier.large_from_bytes);
        in.number("large_bytes_per_second", Least::AboveZero, tier.large_bytes_per_second);
    }
    if (in.has("never_expires")) in.truth("never_expires", tier.never_expires);
    TRY_VOID(in.finish());
    return tier;
}

Result<void> read_machines(const toml::table& root, Prices& prices) {
    PriceTable machine(root["machine"].as_table(), "machine");
    machine.number("hour_price", Least::Zero, prices.machine.hour_price);
    machine.count("processors", prices.machine.processors);
    machine.count("memory_bytes", prices.machine.memory_bytes);
    PriceTable worker(root["worker"].as_table(), "worker");
    worker.number("hour_price", Least::Zero, prices.worker.hour_price);
    PriceTable state(root["state"].as_table(), "state");
    state.number("hour_price", Least::Zero, prices.state.hour_price);

    auto& one = prices.machine;
    const auto rate = [](PriceTable& table, std::string_view key, double& out) {
        table.number(key, Least::AboveZero, out);
    };
    rate(machine, "read_bytes_per_second", one.read_bytes_per_second);
    rate(machine, "write_bytes_per_second", one.write_bytes_per_second);
    rate(machine, "scanned_members_per_second", one.scanned_members_per_second);
    rate(machine, "joined_uids_per_second", one.joined_uids_per_second);
    rate(machine, "fused_members_per_second", one.fused_members_per_second);
    rate(machine, "random_reads_per_second", one.random_reads_per_second);
    rate(worker, "read_bytes_per_second", prices.worker.read_bytes_per_second);
    rate(worker, "write_bytes_per_second", prices.worker.write_bytes_per_second);
    rate(worker, "unpacked_members_per_second", prices.worker.unpacked_members_per_second);
    rate(worker, "fused_members_per_second", prices.worker.fused_members_per_second);
    rate(state, "updates_per_second", prices.state.updates_per_second);
    TRY_VOID(machine.finish());
    TRY_VOID(worker.finish());
    return state.finish();
}

/// Names are those of numbers of the file.
Result<Origin> read_origin(const toml::table& root) {
    PriceTable table(root["origin"].as_table(), "origin");
    Origin origin;
    table.date("date", origin.date);
    table.text("machine", origin.machine);
    table.texts("measured", origin.measured);
    table.texts("scaled", origin.scaled);
    TRY_VOID(table.finish());
    for (const auto* names : {&origin.measured, &origin.scaled}) {
        for (const auto& name : *names) {
            if (root.at_path(name).is_number()) continue;
            return fail(ErrorCode::InvalidInput,
                        "prices: origin names " + name + ", which is no number of the file");
        }
    }
    return origin;
}

Result<Prices> read_tables(const toml::table& root) {
    Prices prices;
    PriceTable top(&root, "");
    top.date("date", prices.date);
    top.text("currency", prices.currency);
    top.text("place", prices.place);
    for (const auto* table :
         {"origin", "restore", "store", "instance", "machine", "worker", "state", "tier"}) {
        top.expect(table);
    }
    TRY_VOID(top.finish());
    TRY(prices.origin, read_origin(root));

    PriceTable restore(root["restore"].as_table(), "restore");
    restore.number("days", Least::AboveZero, prices.restore_days);
    restore.number("requests_per_second", Least::AboveZero, prices.restore_requests_per_second);
    TRY_VOID(restore.finish());

    PriceTable store(root["store"].as_table(), "store");
    store.number("gib_month_price", Least::Zero, prices.store.gib_month_price);
    store.number("thousand_puts_price", Least::Zero, prices.store.thousand_puts_price);
    store.number("thousand_gets_price", Least::Zero, prices.store.thousand_gets_price);
    store.count("read_bytes", prices.store.read_bytes);
    store.number("puts_per_second", Least::AboveZero, prices.store.puts_per_second);
    store.number("gets_per_second", Least::AboveZero, prices.store.gets_per_second);
    TRY_VOID(store.finish());

    PriceTable instance(root["instance"].as_table(), "instance");
    instance.count("header_bytes", prices.instance.header_bytes);
    instance.count("index_bytes", prices.instance.index_bytes);
    instance.count("spool_bytes", prices.instance.spool_bytes);
    TRY_VOID(instance.finish());
    TRY_VOID(read_machines(root, prices));

    const auto* tiers = root["tier"].as_array();
    if (tiers == nullptr || tiers->empty()) {
        return fail(ErrorCode::InvalidInput, "prices: there is no [[tier]]");
    }
    for (std::size_t i = 0; i < tiers->size(); ++i) {
        TRY(auto tier, read_tier(tiers->get(i)->as_table(), i + 1));
        prices.tiers.push_back(std::move(tier));
    }
    return prices;
}

}  // namespace

Result<Prices> read_prices(std::string_view toml) {
    try {
        return read_tables(toml::parse(toml));
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::InvalidInput, "prices: line " +
                                                 std::to_string(error.source().begin.line) +
                                                 ": " + std::string(error.description()));
    }
}

}  // namespace larmor::reassembly::plan
