#include "reassembly/uid_index/builder.h"

#include <atomic>
#include <thread>

namespace larmor::reassembly::uid_index {
namespace {

constexpr std::uint64_t kSystemPage = 4096;

/// Large enough to be written in one go, small enough that the open ones of all partitions and
/// threads take an eighth of the memory at most.
std::uint64_t block_bytes_for(const BuildOptions& options) {
    const std::uint64_t open_blocks = std::uint64_t{options.threads} << options.partition_bits;
    const std::uint64_t share = options.memory_bytes / 8 / open_blocks;
    return std::clamp<std::uint64_t>(share / kSystemPage * kSystemPage, kSystemPage, 256 << 10);
}

EntryBlocks::Options block_options(const BuildOptions& options) {
    const std::uint64_t block_bytes = block_bytes_for(options);
    const std::uint64_t open_blocks = std::uint64_t{options.threads} << options.partition_bits;
    // The lines of the appenders, and the open blocks.
    const std::uint64_t open_bytes = open_blocks * (block_bytes + 160);
    return {.partition_count = std::uint32_t{1} << options.partition_bits,
            .block_bytes = block_bytes,
            .kept_max_bytes = options.memory_bytes - std::min(options.memory_bytes, open_bytes),
            .folder = options.spill_folder};
}

}  // namespace

/// One run of building: partitions are handed out to threads, each writes to places of its own.
class BuildRun {
public:
    BuildRun(const BuildOptions& options, EntryBlocks& blocks,
             const std::vector<Appender>& appenders)
        : options_(options), blocks_(blocks) {
        by_partition_.resize(std::size_t{1} << options.partition_bits);
        for (const Appender& appender : appenders)
            for (const Block& block : appender.blocks())
                by_partition_[block.partition].push_back(block);
    }

    Result<Index> run() {
        TRY_VOID(lay_out());
        std::vector<std::thread> threads;
        for (unsigned i = 1; i < options_.threads; ++i)
            threads.emplace_back([this] { work(); });
        work();
        for (auto& thread : threads) thread.join();
        if (failed_) return tl::unexpected(error_);
        index_.uid_count_ = uid_count_;
        return std::move(index_);
    }

private:
    struct Worker {
        SubTableBuilder table;
        std::vector<Entry> entries;
        std::vector<std::span<const Entry>> runs;
        std::vector<Page> pages;
    };

    static std::uint64_t count_of(const std::vector<Block>& blocks) {
        std::uint64_t count = 0;
        for (const Block& block : blocks) count += block.entry_count;
        return count;
    }

    /// Gives each table its place before any is built: as much as it may need, of which what is
    /// not needed is never written and costs nothing.
    Result<void> lay_out() {
        index_.partition_bits_ = options_.partition_bits;
        index_.parts_.resize(by_partition_.size());
        index_.lists_.resize(by_partition_.size());
        std::uint64_t largest = 0;
        for (const auto& blocks : by_partition_) {
            index_.record_count_ += count_of(blocks);
            largest = std::max(largest, count_of(blocks));
        }
        // Of building one table: entries, entries in order, slots, pages.
        constexpr std::uint64_t kWorkBytes = 48, kSmallCount = 1 << 20;
        constexpr std::uint64_t kLargestMax = std::uint64_t{1} << 31U;
        if (largest > kLargestMax ||
            (largest > kSmallCount && largest * kWorkBytes > options_.memory_bytes)) {
            return fail(ErrorCode::LimitExceeded,
                        std::to_string(largest) + " of " +
                            std::to_string(index_.record_count_) +
                            " records meet in one partition of the UID index: too many have "
                            "the same UID for the memory it may take");
        }
        TRY_VOID(lay_out_in_memory(options_.threads * largest * kWorkBytes));
        return index_.first_in_memory_ == 0 ? Result<void>() : lay_out_in_file();
    }

    /// As many tables as fit beside what building takes. They are the last ones: when they are
    /// built, the memory of most entries is free.
    Result<void> lay_out_in_memory(std::uint64_t work_bytes) {
        std::uint64_t room =
            (options_.memory_bytes - std::min(options_.memory_bytes, work_bytes)) /
            sizeof(Slot);
        std::uint64_t slots = 0;
        std::size_t first = by_partition_.size();
        for (; first > 0; --first) {
            const auto most =
                SubTableBuilder::slot_count_max(count_of(by_partition_[first - 1]));
            if (most > room) break;
            room -= most;
            slots += most;
        }
        index_.first_in_memory_ = first;
        TRY(index_.tables_, Pages::reserve(slots * sizeof(Slot), Pages::Size::Huge));
        placed_.resize(index_.tables_.size_bytes() / Pages::kHugeBytes);
        std::uint64_t at = 0;
        for (std::size_t i = first; i < by_partition_.size(); ++i) {
            index_.parts_[i].first = at;
            at += SubTableBuilder::slot_count_max(count_of(by_partition_[i]));
        }
        return {};
    }

    Result<void> lay_out_in_file() {
        if (options_.spill_folder.empty()) {
            return fail(ErrorCode::LimitExceeded,
                        "a UID index of " + std::to_string(index_.record_count_) +
                            " records outgrows its memory and has no folder to spill to");
        }
        TRY(index_.file_, PageFile::create(options_.spill_folder));
        std::uint64_t page = 0;
        for (std::size_t i = 0; i < index_.first_in_memory_; ++i) {
            const std::uint64_t count = count_of(by_partition_[i]);
            index_.parts_[i].first = page;
            page += pages_for(SubTableBuilder::slot_count_max(count));
            index_.lists_[i].first_page = page;
            page += pages_for(count);
        }
        return {};
    }

    void work() {
        Worker worker;
        for (;;) {
            const std::size_t partition = next_++;
            if (partition >= by_partition_.size() || failed_) return;
            if (auto built = build(partition, worker); !built) {
                const std::scoped_lock lock(failing_);
                if (!failed_) error_ = std::move(built).error();
                failed_ = true;
            }
        }
    }

    Result<void> build(std::size_t partition, Worker& worker) {
        const auto& blocks = by_partition_[partition];
        std::uint64_t spilled = 0;
        for (const Block& block : blocks)
            spilled += block.memory == nullptr ? block.entry_count : 0;
        worker.entries.resize(spilled);
        worker.runs.clear();
        std::span<Entry> room(worker.entries);
        for (const Block& block : blocks) {
            TRY(const auto run, blocks_.read(block, room));
            if (block.memory == nullptr) room = room.subspan(run.size());
            worker.runs.push_back(run);
        }
        Index::Part& part = index_.parts_[partition];
        TRY(part.shape, worker.table.build(worker.runs));
        for (const Block& block : blocks) blocks_.release(block);

        const auto slots = worker.table.slots();
        const auto duplicates = worker.table.duplicates();
        Index::Lists& lists = index_.lists_[partition];
        lists.word_count = duplicates.size();
        uid_count_ += worker.table.uid_count();
        if (index_.in_memory(partition)) {
            TRY_VOID(place(part.first * sizeof(Slot), slots.size_bytes()));
            std::ranges::copy(slots,
                              reinterpret_cast<Slot*>(index_.tables_.data()) + part.first);
            lists.words.assign(duplicates.begin(), duplicates.end());
            return {};
        }
        TRY_VOID(index_.file_->write(part.first, slots, worker.pages));
        return index_.file_->write(lists.first_page, duplicates, worker.pages);
    }

    /// Gives a table's place memory in which entries were, where there is some; where not, the
    /// system does, but clears it first.
    Result<void> place(std::uint64_t offset, std::uint64_t size_bytes) {
        const std::scoped_lock lock(placing_);
        const std::uint64_t end = offset + size_bytes;
        for (auto page = offset / Pages::kHugeBytes; page * Pages::kHugeBytes < end; ++page) {
            if (std::exchange(placed_[page], true)) continue;
            TRY_VOID(blocks_.move_to(index_.tables_.data() + page * Pages::kHugeBytes));
        }
        return {};
    }

    const BuildOptions& options_;
    EntryBlocks& blocks_;
    std::vector<std::vector<Block>> by_partition_;
    Index index_;
    std::mutex placing_;
    std::vector<char> placed_;  ///< huge pages of the tables that nobody may move any more
    std::atomic<std::size_t> next_{0};
    std::atomic<std::uint64_t> uid_count_{0};
    std::atomic<bool> failed_{false};
    std::mutex failing_;
    Error error_;
};

Builder::Builder(BuildOptions options)
    : options_(std::move(options)),
      blocks_(std::make_unique<EntryBlocks>(block_options(options_))) {
    LARMOR_CHECK(options_.threads > 0 && options_.partition_bits <= 16);
    appenders_.reserve(options_.threads);
    for (unsigned i = 0; i < options_.threads; ++i)
        appenders_.emplace_back(*blocks_, options_.partition_bits);
}

Result<Index> Builder::build() {
    BuildRun run(options_, *blocks_, appenders_);
    auto index = run.run();
    blocks_->clear();
    return index;
}

}  // namespace larmor::reassembly::uid_index
