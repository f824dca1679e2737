#include "reassembly/run/row_sorter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <queue>

#include "reassembly/run/row_run.h"

namespace larmor::reassembly::run {
namespace {

/// What a row takes in memory beside its bytes.
constexpr std::uint64_t kRowOverheadBytes = 48;

}  // namespace

Result<RowSorter> RowSorter::open(const Options& options, const Saved* saved) {
    constexpr unsigned kMode = 0600;  // it is made of what the archives hold
    const int flags = saved == nullptr ? O_RDWR | O_CREAT | O_EXCL : O_RDWR;
    TRY(auto file, open_file(options.path, flags, kMode));
    if (saved != nullptr) {
        TRY(const auto size, size_of(file));
        if (size < saved->end) {
            return fail(ErrorCode::Corrupt,
                        options.path.string() + " is shorter than at the last checkpoint");
        }
        if (::ftruncate(file.get(), static_cast<off_t>(saved->end)) != 0) {
            return system_failure("ftruncate of " + options.path.string(), errno);
        }
    } else {
        // The name too, which a checkpoint must find again.
        TRY_VOID(sync_directory(options.path.parent_path()));
    }
    RowSorter sorter(std::move(file), options);
    if (saved != nullptr) sorter.shared_->saved = *saved;
    return sorter;
}

RowSorter::RowSorter(UniqueFd file, const Options& options)
    : memory_bytes_(options.memory_bytes), shared_(std::make_unique<Shared>()) {
    shared_->file = std::move(file);
    shared_->gathered = std::vector<Gathered>(options.writers);
}

Result<void> RowSorter::add(unsigned writer, std::string row) {
    auto& gathered = shared_->gathered[writer];
    std::vector<std::string> many;
    {
        const std::scoped_lock lock(gathered.mutex);
        gathered.bytes += row.size() + kRowOverheadBytes;
        gathered.rows.push_back(std::move(row));
        if (gathered.bytes < memory_bytes_ / shared_->gathered.size()) return {};
        many.swap(gathered.rows);
        gathered.bytes = 0;
    }
    return write_run(std::move(many));
}

Result<void> RowSorter::write_run(std::vector<std::string> rows) {
    if (rows.empty()) return {};
    std::ranges::sort(rows);
    // How long a run gets is known when it is written, so one is written at a time.
    const std::scoped_lock lock(shared_->mutex);
    RowRunWriter run(shared_->file, shared_->saved.end);
    for (const auto& row : rows) TRY_VOID(run.add(row));
    TRY(const auto range, run.finish());
    shared_->saved.runs.push_back(range);
    shared_->saved.end += range.count;
    return {};
}

Result<RowSorter::Saved> RowSorter::save() {
    std::vector<std::string> all;
    for (auto& gathered : shared_->gathered) {
        const std::scoped_lock lock(gathered.mutex);
        std::ranges::move(gathered.rows, std::back_inserter(all));
        gathered.rows.clear();
        gathered.bytes = 0;
    }
    TRY_VOID(write_run(std::move(all)));
    Saved saved;
    {
        const std::scoped_lock lock(shared_->mutex);
        saved = shared_->saved;
    }
    TRY_VOID(sync_data(shared_->file));
    return saved;
}

namespace {

/// Rows in order: of a run in the file, or in memory.
class RowSource {
public:
    explicit RowSource(RowRunReader run) : run_(std::move(run)) {}
    explicit RowSource(std::span<const std::string> rows) : rows_(rows) {}

    Result<bool> advance() {
        if (run_) return run_->advance();
        if (rows_.empty()) return false;
        row_ = rows_.front();
        rows_ = rows_.subspan(1);
        return true;
    }
    std::string_view row() const { return run_ ? run_->row() : row_; }

private:
    std::optional<RowRunReader> run_;
    std::span<const std::string> rows_;
    std::string_view row_;
};

}  // namespace

Result<void> RowSorter::merge_all(std::span<const ByteRange> runs,
                                  std::span<const std::string> rows, const Visit& visit) const {
    std::vector<RowSource> sources;
    for (const auto& run : runs) sources.emplace_back(RowRunReader(shared_->file, run));
    sources.emplace_back(rows);
    const auto later = [&](std::size_t a, std::size_t b) {
        return sources[a].row() > sources[b].row();
    };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> next(later);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        TRY(const bool any, sources[i].advance());
        if (any) next.push(i);
    }
    while (!next.empty()) {
        const auto first = next.top();
        next.pop();
        TRY_VOID(visit(sources[first].row()));
        TRY(const bool more, sources[first].advance());
        if (more) next.push(first);
    }
    return {};
}

Result<void> RowSorter::merge(const Visit& visit) {
    // What is still in memory is as much as may be there.
    std::vector<std::string> in_memory;
    for (auto& gathered : shared_->gathered) {
        std::ranges::move(std::exchange(gathered.rows, {}), std::back_inserter(in_memory));
    }
    std::ranges::sort(in_memory);
    // A reader holds a block packed and one unpacked, and what unpacking takes.
    constexpr std::uint64_t kReaderBytes = 4 * kRowBlockBytes, kRunsMin = 16;
    const auto runs_max = std::max(kRunsMin, memory_bytes_ / kReaderBytes);
    auto runs = shared_->saved.runs;
    auto end = shared_->saved.end;
    while (runs.size() > runs_max) {
        const std::span first(runs.data(), runs_max);
        RowRunWriter merged(shared_->file, end);
        TRY_VOID(merge_all(first, {}, [&](std::string_view row) { return merged.add(row); }));
        TRY(const auto range, merged.finish());
        end += range.count;
        runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(runs_max));
        runs.push_back(range);
    }
    return merge_all(runs, in_memory, visit);
}

}  // namespace larmor::reassembly::run
