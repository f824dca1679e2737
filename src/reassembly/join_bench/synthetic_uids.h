#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace larmor::reassembly::join_bench {

/// The text of one UID, without an allocation.
struct UidText {
    std::array<char, 64> chars;
    std::uint32_t size = 0;
    std::string_view view() const { return {chars.data(), size}; }
};

/// `count` different UIDs that nobody has to keep: number n of them can be made again at any
/// time. They look like those of one organisation: a root that all share, then 24 digits.
class SyntheticUids {
public:
    explicit SyntheticUids(std::uint64_t count);
    std::uint64_t count() const { return count_; }

    /// UID number `number`, below `count`.
    static void write(std::uint64_t number, UidText& out);
    /// A permutation of the numbers: what comes first in one order comes anywhere in the other.
    std::uint64_t shuffled(std::uint64_t position) const;

private:
    std::uint64_t count_;
    unsigned bits_;  ///< the least with 2^bits >= count
};

}  // namespace larmor::reassembly::join_bench
