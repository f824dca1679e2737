#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace larmor::archive {

/// Where the members of a tar that were read begin, for the hard links behind them: of the last
/// 131,072 at least, in some 20 MB at most. Answers are hints: who follows one finds the path
/// there, or another one whose hash is the same.
class MembersSeen {
public:
    static constexpr std::size_t kKeptMin = 1 << 17;

    void add(std::string_view path, std::uint64_t header_offset);
    std::optional<std::uint64_t> find(std::string_view path) const;
    void clear();

private:
    using Offsets = std::unordered_map<std::size_t, std::uint64_t>;
    Offsets newer_;
    Offsets older_;
};

}  // namespace larmor::archive
