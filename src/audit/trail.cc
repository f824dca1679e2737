#include "audit/trail.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "audit/trail_files.h"
#include "base/ids.h"

namespace larmor::audit {
namespace fs = std::filesystem;
namespace {

std::int64_t day_of(Time time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

Result<void> make_folder(const fs::path& folder) {
    if (fs::is_directory(folder)) return {};
    std::error_code error;
    fs::create_directory(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return system_failure("make " + folder.string(), error.value());
    return sync_directory(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
}

Result<void> write_copy(const fs::path& folder, const std::string& name, Bytes content) {
    TRY(const auto file, open_file(folder / name, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY_VOID(write_all(file, content));
    TRY_VOID(sync_data(file));
    return sync_directory(folder);
}

}  // namespace

Result<Trail> Trail::open(TrailOptions options) {
    Trail trail(std::move(options));
    const auto& folder = trail.options_.folder;
    TRY_VOID(make_folder(folder));
    trail.anchored_ = read_anchor(folder);
    TRY(const auto numbers, list_files(folder));
    if (!numbers.empty()) TRY_VOID(trail.recover(numbers.back()));
    trail.note_what_is_missing();
    if (trail.trail_.empty()) trail.trail_ = random_id();
    return trail;
}

/// Finds where file `last` ends.
Result<void> Trail::recover(std::uint64_t last) {
    number_ = last;
    const fs::path path = options_.folder / file_name(last);
    TRY(auto file, open_file(path, O_RDWR));
    TRY(const std::uint64_t size, size_of(file));
    MappedFile mapped;
    if (size > 0) {
        TRY(mapped, MappedFile::map(file));
    }
    const Bytes bytes = mapped.bytes();
    const auto start = claimed_start(bytes, 0);
    if (!start && last > 1 && fs::exists(options_.folder / file_name(last - 1))) {
        // Not even its first batch is whole: the file before it says how far the trail came.
        TRY(const auto before, MappedFile::open(options_.folder / file_name(last - 1)));
        const auto first = claimed_start(before.bytes(), 0);
        const auto scan = scan_file(before.bytes(), last - 1, first.value_or(ChainEnd{}));
        end_ = claimed_end(before.bytes()).value_or(scan.end);
        trail_ = scan.trail;
    }
    std::string_view last_record;
    const auto scan = scan_file(bytes, last, start.value_or(end_), [&](const Batch& batch) {
        if (!batch.records.empty()) last_record = batch.records.back();
    });
    end_ = scan.end;
    if (const auto record = parse_record(last_record)) day_ = day_of(record->time);
    if (!scan.trail.empty()) trail_ = scan.trail;
    size_bytes_ = scan.size_bytes;
    if (!scan.bad) {
        file_ = std::move(file);
        return {};
    }
    // One batch at a time is written and synced: only the last one can be torn.
    const auto tail = as_text(bytes.subspan(size_bytes_));
    const auto seal = tail.find("{\"seal\":");
    const bool is_last =
        tail.size() <= kBatchMaxBytes &&
        (seal == std::string_view::npos || tail.find('\n', seal) >= tail.size() - 1);
    if (is_last && (!anchored_ || anchored_->end.batch <= end_.batch)) {
        TRY_VOID(cut_torn(file, bytes.subspan(size_bytes_)));
        file_ = std::move(file);
        return {};
    }
    alerts_.push_back("the audit file " + file_name(last) +
                      " is damaged: " + scan.bad->message +
                      "; it is left as it is, and the trail goes on in a new file");
    const auto claimed = claimed_end(bytes);
    if (claimed && claimed->batch > end_.batch) end_ = *claimed;
    return {};
}

Result<void> Trail::cut_torn(const UniqueFd& file, Bytes tail) {
    const std::string name = file_name(number_);
    if (!tail.empty()) {
        const std::string kept = name + ".torn-" + std::to_string(end_.batch + 1) + "-" +
                                 to_hex(Bytes(sha256(tail)).first(4));
        const auto copied = write_copy(options_.folder, kept, tail);
        // A full disk must not keep the server from starting.
        if (!copied && copied.error().code != ErrorCode::NoSpace) return copied;
        alerts_.push_back("the last batch of the audit file " + name +
                          " was torn: " + std::to_string(tail.size()) + " bytes at byte " +
                          std::to_string(size_bytes_) + ", never acknowledged, were cut off " +
                          (copied ? "and kept as " : "; there was no room to keep them as ") +
                          kept);
    }
    if (::ftruncate(file.get(), static_cast<off_t>(size_bytes_)) != 0) {
        return system_failure("cut " + name, errno);
    }
    return {};
}

/// What the anchor knows and the files do not have.
void Trail::note_what_is_missing() {
    if (!anchored_ || anchored_->end.batch <= end_.batch) return;
    alerts_.push_back("the audit trail ends with batch " + std::to_string(end_.batch) +
                      ", but it had come to batch " + std::to_string(anchored_->end.batch) +
                      ": its end was removed; it goes on in a new file");
    number_ = std::max(number_, anchored_->file);
    end_ = anchored_->end;
    trail_ = anchored_->trail;
    file_.reset();
}

Result<void> Trail::append(std::vector<Record>& records) {
    if (broken_) return tl::unexpected(*broken_);
    if (records.empty()) return {};
    const bool is_full = size_bytes_ >= options_.file_max_bytes ||
                         (size_bytes_ > 0 && day_of(records.front().time) > day_);
    if (!file_ || is_full) {
        // A disk without room for a new file may still have what was reserved in the old one.
        const auto begun = begin_file();
        if (!begun && !file_) return begun;
    }
    ChainEnd end = end_;
    std::string batch;
    if (size_bytes_ == 0) append_head(batch, {.trail = trail_, .number = number_});
    for (Record& record : records) {
        record.number = ++end.record;
        append_line(batch, record);
    }
    end.record = end_.record;
    append_seal(batch, records.size(), end);
    TRY_VOID(write_batch(batch));
    end_ = end;
    day_ = day_of(records.front().time);
    return {};
}

Result<void> Trail::begin_file() {
    const fs::path path = options_.folder / file_name(number_ + 1);
    TRY(auto file, open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600));
    TRY_VOID(sync_directory(options_.folder));
    // Gives back what was reserved behind the end of the file before; harmless if it fails.
    if (file_) static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(size_bytes_)));
    file_ = std::move(file);
    ++number_;
    size_bytes_ = 0;
    reserved_bytes_ = 0;
    return {};
}

/// Nothing of the batch stays when it could not be written whole.
Result<void> Trail::write_batch(const std::string& batch) {
    reserve();
    const auto written = write_at(file_, size_bytes_, as_bytes(batch));
    Result<void> outcome = written;
    if (written) {
        outcome = options_.fail_syncs != nullptr && options_.fail_syncs->load()
                      ? fail(ErrorCode::Unavailable, "the sync was made to fail")
                      : sync_data(file_);
    } else if (::ftruncate(file_.get(), static_cast<off_t>(size_bytes_)) == 0 &&
               written.error().code == ErrorCode::NoSpace) {
        reserved_bytes_ = 0;
        return written;
    }
    if (!outcome) {
        // The kernel may have dropped the pages: a later sync that succeeds would prove
        // nothing.
        broken_ = Error{ErrorCode::Unavailable,
                        "the audit trail can't be written since a write to the disk failed (" +
                            outcome.error().message + "), until the program was restarted"};
        return tl::unexpected(*broken_);
    }
    size_bytes_ += batch.size();
    return {};
}

/// Also so that a sync need not wait for the file system to find blocks. What can't be reserved
/// is no error: the write will tell.
void Trail::reserve() {
    if (size_bytes_ + options_.reserve_bytes / 2 < reserved_bytes_) return;
    const auto end = size_bytes_ + options_.reserve_bytes;
    if (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(end)) == 0) {
        reserved_bytes_ = end;
    }
}

Result<void> Trail::write_anchor() {
    if (end_.batch == 0 || (anchored_ && anchored_->end == end_)) return {};
    TRY_VOID(audit::write_anchor(options_.folder, anchor()));
    anchored_ = anchor();
    return {};
}

}  // namespace larmor::audit
