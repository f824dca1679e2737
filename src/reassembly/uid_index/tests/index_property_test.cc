// Any records, threads, memory and number of partitions against a map of what was appended.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "reassembly/uid_index/tests/test_index.h"

namespace larmor::reassembly::uid_index::testing {
namespace {

/// Few different UIDs, so that many records share one.
std::vector<Appended> any_records(const UidHasher& hasher, int uid_count) {
    const auto uids = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, uid_count));
    std::vector<Appended> all;
    for (std::size_t i = 0; i < uids.size(); ++i)
        all.push_back({hasher("1.2.3." + std::to_string(uids[i])), i});
    return all;
}

void expect_all_found(const Index& index, std::span<const Appended> all) {
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::uint64_t>> expected;
    for (const Appended& one : all)
        expected[{one.hash.high, one.hash.low}].push_back(one.ordinal);
    auto finder = Finder::create(index);
    RC_ASSERT(finder.has_value());
    RC_ASSERT(index.uid_count() == expected.size());
    RC_ASSERT(index.record_count() == all.size());
    for (const auto& [hash, ordinals] : expected) {
        const auto matches = matches_of(*finder, {hash.first, hash.second});
        // Another UID's fingerprint may fit by chance (2^-30); its own list is among them.
        RC_ASSERT(std::ranges::count(matches, ordinals) == 1);
    }
}

TEST(IndexProperty, ThreadsMemoryAndOrderChangeNothing) {
    const bool held = rc::check("equal digests, and every record is found", [] {
        const auto hasher = UidHasher::with_random_secret();
        auto all = any_records(hasher, *rc::gen::element(3, 100, 100'000));
        const auto bits = *rc::gen::inRange(0U, 6U);
        const auto with = [&](BuildOptions options) {
            options.partition_bits = bits;
            auto index = build_index(options, all);
            RC_ASSERT(index.has_value());
            return std::move(*index);
        };
        const Index first = with(in_memory(1));
        expect_all_found(first, all);
        const auto digest = first.digest();
        RC_ASSERT(digest.has_value());

        std::ranges::reverse(all);
        const Index second = with(in_file(*rc::gen::inRange(1U, 5U)));
        RC_ASSERT(second.in_file());
        RC_ASSERT(second.digest().value() == *digest);
        std::ranges::reverse(all);
        expect_all_found(second, all);
    });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace larmor::reassembly::uid_index::testing
