#include "reassembly/spool/spool.h"

#include <fcntl.h>

#include <cerrno>

#include "base/ids.h"

namespace larmor::reassembly::spool {
namespace {

/// What the dictionary is trained on: this many records, or fewer large ones.
constexpr std::size_t kHeldRecordsMax = 1000, kHeldBytesMax = 16 << 20;

}  // namespace

Spool::Spool(SpoolOptions options) : options_(std::move(options)) {
    // Not touched before it is written, so it costs no memory until then.
    if (options_.memory_bytes > 0)
        memory_ = std::make_unique_for_overwrite<std::byte[]>(options_.memory_bytes);
}

Result<std::unique_ptr<Spool>> Spool::create(SpoolOptions options) {
    constexpr unsigned kMode = 0600;
    std::unique_ptr<Spool> spool(new Spool(std::move(options)));
    const auto& path = spool->options_.path;
    if (std::filesystem::exists(path)) {
        return fail(ErrorCode::Conflict, path.string() + " is there already");
    }
    TRY(spool->file_, open_file(path, O_RDWR | O_CREAT | O_EXCL, kMode));
    fill_random(spool->id_);
    return spool;
}

Result<std::optional<std::uint64_t>> Spool::hold(Bytes encoded) {
    const std::scoped_lock lock(mutex_);
    if (begun_) return std::nullopt;
    const std::uint64_t ordinal = held_sizes_.size();
    held_.insert(held_.end(), encoded.begin(), encoded.end());
    held_sizes_.push_back(encoded.size());
    if (held_sizes_.size() >= kHeldRecordsMax || held_.size() >= kHeldBytesMax)
        TRY_VOID(begin_locked());
    return ordinal;
}

Result<void> Spool::begin_locked() {
    dictionary_ = Dictionary::train(held_, held_sizes_);
    ByteBuffer out = encode_file_header(id_, dictionary_.bytes());
    // The held ones have their ordinals, sixteen to a block whatever their size.
    std::vector<Written> written;
    BlockBuilder block;
    Compressor compressor;
    const auto finish = [&] {
        const std::size_t before = out.size();
        block.finish(id_, next_block_, out);
        written.push_back({next_block_++, {before, out.size() - before}});
    };
    Bytes left(held_);
    for (const std::size_t size : held_sizes_) {
        block.add(compressor.append(dictionary_, left.first(size), block.frames()));
        left = left.subspan(size);
        if (block.count() == kRecordsPerBlock) finish();
    }
    if (!block.empty()) finish();
    TRY_VOID(write_locked(out, written));
    held_ = {};
    held_sizes_ = {};
    begun_ = true;
    return {};
}

Result<void> Spool::write_locked(Bytes bytes, std::span<const Written> blocks) {
    const std::uint64_t offset = end_;
    TRY_VOID(write_at(file_, offset, bytes));
    keep(offset, bytes);
    end_ = offset + bytes.size();
    for (const Written& block : blocks)
        note_locked(block.number, {offset + block.range.offset, block.range.count});
    return {};
}

void Spool::keep(std::uint64_t offset, Bytes bytes) {
    if (offset != kept_bytes_ || bytes.size() > options_.memory_bytes - kept_bytes_) return;
    std::ranges::copy(bytes, memory_.get() + offset);
    kept_bytes_ += bytes.size();
}

void Spool::note_locked(std::uint64_t number, ByteRange range) {
    if (directory_.size() <= number) directory_.resize(number + 1);
    const std::uint64_t units = (range.count + kSizeUnit - 1) / kSizeUnit;
    directory_[number] = range.offset << kSizeBits | std::min(units, kUnitsMax);
}

std::optional<Spool::Place> Spool::place_of(std::uint64_t number) const {
    if (number >= directory_.size() || directory_[number] == 0) return std::nullopt;
    return directory_[number];
}

std::uint64_t Spool::directory_bytes() const {
    return directory_.size() * sizeof(Place);
}

Result<Mark> Spool::sync() {
    const std::scoped_lock lock(mutex_);
    if (!begun_) TRY_VOID(begin_locked());
    TRY_VOID(sync_data(file_));
    // The name too, which the first checkpoint must find again.
    const auto folder = options_.path.parent_path();
    TRY_VOID(sync_directory(folder.empty() ? "." : folder));
    return Mark{.size_bytes = end_, .block_count = next_block_};
}

}  // namespace larmor::reassembly::spool
