#include "reassembly/run/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/hash.h"

namespace larmor::reassembly::run {
namespace {

constexpr std::string_view kSum = "sha256 ";
constexpr std::string_view kSides[] = {"metadata", "image"};
/// Archives are at most 2^32, and so is what a broken line may make us hold.
constexpr std::uint64_t kArchivesMax = 0xffffffff;

class CheckpointText {
public:
    template <typename... Numbers>
    void line(std::string_view name, Numbers... numbers) {
        text_ += name;
        ((text_ += ' ' + std::to_string(numbers)), ...);
        text_ += '\n';
    }
    std::string finish() && {
        text_ += std::string(kSum) + to_hex(sha256(as_bytes(text_))) + '\n';
        return std::move(text_);
    }

private:
    std::string text_;
};

struct CheckpointLine {
    std::string_view name;
    std::vector<std::uint64_t> numbers;
};

std::optional<CheckpointLine> read_line(std::string_view line) {
    CheckpointLine read;
    read.name = line.substr(0, line.find(' '));
    line.remove_prefix(read.name.size());
    while (!line.empty()) {
        line.remove_prefix(1);
        std::uint64_t number = 0;
        const auto [end, error] =
            std::from_chars(line.data(), line.data() + line.size(), number);
        if (error != std::errc()) return std::nullopt;
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
        if (!line.empty() && line.front() != ' ') return std::nullopt;
        read.numbers.push_back(number);
    }
    return read;
}

bool take_side(const CheckpointLine& line, Checkpoint& into) {
    for (std::size_t side = 0; side < std::size(kSides); ++side) {
        if (line.name != kSides[side]) continue;
        auto& archives = into.archives[side];
        const auto& numbers = line.numbers;
        if (numbers.size() == 1 && numbers[0] <= kArchivesMax) {
            archives.resize(numbers[0]);
            return true;
        }
        if (numbers.size() != 3 || numbers[0] >= archives.size()) return false;
        archives[numbers[0]] = {static_cast<std::uint32_t>(numbers[1]), numbers[2]};
        return true;
    }
    return false;
}

bool take(const CheckpointLine& line, Checkpoint& into) {
    const auto& numbers = line.numbers;
    const auto is = [&](std::string_view name, std::size_t count) {
        return line.name == name && numbers.size() == count;
    };
    if (is("larmor-checkpoint", 1)) return numbers[0] == 1;
    if (is("attempt", 1)) {
        into.first_blocks.push_back(numbers[0]);
    } else if (is("spool", 2)) {
        into.spool = {numbers[0], numbers[1]};
    } else if (is("events", 1)) {
        into.events.end = numbers[0];
    } else if (is("run", 2)) {
        into.events.runs.push_back({numbers[0], numbers[1]});
    } else if (is("frames", 1)) {
        into.frames_end = numbers[0];
    } else if (is("limits", 2)) {
        into.member_max_bytes = numbers[0];
        into.frames_max_bytes = numbers[1];
    } else {
        return take_side(line, into);
    }
    return true;
}

tl::unexpected<Error> broken_checkpoint() {
    return fail(ErrorCode::Corrupt, "the checkpoint is not what was written");
}

}  // namespace

bool Checkpoint::counts_record(std::uint64_t block, std::uint32_t number) const {
    const auto& metadata = archives[static_cast<std::size_t>(Side::Metadata)];
    if (number >= metadata.size()) return false;
    const auto attempt = std::ranges::upper_bound(first_blocks, block) - first_blocks.begin();
    return metadata[number].attempt == static_cast<std::uint32_t>(attempt);
}

bool Checkpoint::all_done(Side side) const {
    return std::ranges::all_of(archives[static_cast<std::size_t>(side)],
                               [](const Archive& archive) { return archive.attempt > 0; });
}

std::string encode_checkpoint(const Checkpoint& checkpoint) {
    CheckpointText text;
    text.line("larmor-checkpoint", 1);
    for (const auto block : checkpoint.first_blocks) text.line("attempt", block);
    text.line("limits", checkpoint.member_max_bytes, checkpoint.frames_max_bytes);
    text.line("spool", checkpoint.spool.size_bytes, checkpoint.spool.block_count);
    text.line("frames", checkpoint.frames_end);
    text.line("events", checkpoint.events.end);
    for (const auto& run : checkpoint.events.runs) text.line("run", run.offset, run.count);
    for (std::size_t side = 0; side < std::size(kSides); ++side) {
        const auto& archives = checkpoint.archives[side];
        text.line(kSides[side], archives.size());
        for (std::size_t i = 0; i < archives.size(); ++i) {
            if (archives[i].attempt == 0) continue;
            text.line(kSides[side], i, archives[i].attempt, archives[i].members);
        }
    }
    return std::move(text).finish();
}

Result<Checkpoint> decode_checkpoint(std::string_view text) {
    const auto end = text.rfind(kSum);
    if (end == std::string_view::npos) return broken_checkpoint();
    const auto sum = to_hex(sha256(as_bytes(text.substr(0, end))));
    if (text.substr(end + kSum.size()) != sum + '\n') return broken_checkpoint();
    Checkpoint checkpoint;
    for (auto rest = text.substr(0, end); !rest.empty();) {
        const auto size = rest.find('\n');
        if (size == std::string_view::npos) return broken_checkpoint();
        const auto line = read_line(rest.substr(0, size));
        if (!line || !take(*line, checkpoint)) return broken_checkpoint();
        rest.remove_prefix(size + 1);
    }
    return checkpoint;
}

}  // namespace larmor::reassembly::run
