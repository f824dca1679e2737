#include "reassembly/run/row_sorter.h"

#include <algorithm>
#include <memory>
#include <queue>

#include "reassembly/reads/scratch_file.h"

namespace larmor::reassembly::run {
namespace {

constexpr std::size_t kLengthBytes = 4;
/// What a row takes in memory beside its bytes.
constexpr std::uint64_t kRowOverheadBytes = 48;

void append_row(const std::string& row, ByteBuffer& out) {
    const auto at = out.size();
    out.resize(at + kLengthBytes + row.size());
    store_little(out.data() + at, static_cast<std::uint32_t>(row.size()));
    std::ranges::copy(as_bytes(row),
                      out.begin() + static_cast<std::ptrdiff_t>(at) + kLengthBytes);
}

/// Reads one run from front to back.
class RunCursor {
public:
    RunCursor(const UniqueFd& file, ByteRange range, std::size_t piece_bytes)
        : file_(&file), range_(range), piece_bytes_(piece_bytes) {}

    std::string_view row() const { return row_; }
    /// False at the end of the run.
    Result<bool> advance() {
        if (at_ == buffer_.size() && range_.count == 0) return false;
        TRY_VOID(need(kLengthBytes));
        const auto size = load_little<std::uint32_t>(buffer_.data() + at_);
        TRY_VOID(need(kLengthBytes + size));
        row_ = as_text(Bytes(buffer_).subspan(at_ + kLengthBytes, size));
        at_ += kLengthBytes + size;
        return true;
    }

private:
    /// Makes so many bytes from `at_` on be in the buffer.
    Result<void> need(std::size_t count) {
        if (buffer_.size() - at_ >= count) return {};
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
        at_ = 0;
        const auto have = buffer_.size();
        const auto more =
            std::min<std::uint64_t>(range_.count, std::max(piece_bytes_, count - have));
        if (have + more < count) return fail(ErrorCode::Corrupt, "a run of rows breaks off");
        buffer_.resize(have + more);
        TRY_VOID(read_at(*file_, range_.offset, std::span(buffer_).subspan(have)));
        range_.offset += more;
        range_.count -= more;
        return {};
    }

    const UniqueFd* file_;
    ByteRange range_;
    std::size_t piece_bytes_;
    ByteBuffer buffer_;
    std::size_t at_ = 0;
    std::string_view row_;
};

}  // namespace

Result<RowSorter> RowSorter::create(const std::filesystem::path& folder,
                                    std::uint64_t memory_bytes, unsigned writers) {
    TRY(auto file, reads::open_scratch_file(folder));
    return RowSorter(std::move(file), memory_bytes, writers);
}

RowSorter::RowSorter(UniqueFd file, std::uint64_t memory_bytes, unsigned writers)
    : memory_bytes_(memory_bytes), gathered_(writers), shared_(std::make_unique<Shared>()) {
    shared_->file = std::move(file);
}

Result<void> RowSorter::add(unsigned writer, std::string row) {
    auto& gathered = gathered_[writer];
    gathered.bytes += row.size() + kRowOverheadBytes;
    ++gathered.count;
    gathered.rows.push_back(std::move(row));
    if (gathered.bytes < memory_bytes_ / gathered_.size()) return {};
    return write_run(gathered);
}

std::uint64_t RowSorter::row_count() const {
    std::uint64_t count = 0;
    for (const auto& gathered : gathered_) count += gathered.count;
    return count;
}

Result<void> RowSorter::write_run(Gathered& gathered) {
    constexpr std::size_t kWriteBytes = 1 << 20;
    std::ranges::sort(gathered.rows);
    std::uint64_t size = 0;
    for (const auto& row : gathered.rows) size += kLengthBytes + row.size();
    ByteRange run{0, size};
    {
        const std::scoped_lock lock(shared_->mutex);
        run.offset = shared_->end;
        shared_->end += size;
        shared_->runs.push_back(run);
    }
    ByteBuffer out;
    for (const auto& row : gathered.rows) {
        append_row(row, out);
        if (out.size() < kWriteBytes) continue;
        TRY_VOID(write_at(shared_->file, run.offset, out));
        run.offset += out.size();
        out.clear();
    }
    TRY_VOID(write_at(shared_->file, run.offset, out));
    gathered.rows.clear();
    gathered.bytes = 0;
    return {};
}

Result<void> RowSorter::merge(const std::function<Result<void>(std::string_view row)>& visit) {
    for (auto& gathered : gathered_) {
        if (!gathered.rows.empty()) TRY_VOID(write_run(gathered));
        gathered.rows.shrink_to_fit();
    }
    constexpr std::uint64_t kPieceMin = 16 << 10, kPieceMax = 1 << 20;
    const auto& runs = shared_->runs;
    const auto piece = std::clamp(memory_bytes_ / (runs.size() + 1), kPieceMin, kPieceMax);
    std::vector<RunCursor> cursors;
    cursors.reserve(runs.size());
    const auto later = [&](std::size_t a, std::size_t b) {
        return cursors[a].row() > cursors[b].row();
    };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> next(later);
    for (const auto& run : runs) {
        cursors.emplace_back(shared_->file, run, piece);
        TRY(const bool any, cursors.back().advance());
        if (any) next.push(cursors.size() - 1);
    }
    while (!next.empty()) {
        const auto first = next.top();
        next.pop();
        TRY_VOID(visit(cursors[first].row()));
        TRY(const bool more, cursors[first].advance());
        if (more) next.push(first);
    }
    return {};
}

}  // namespace larmor::reassembly::run
