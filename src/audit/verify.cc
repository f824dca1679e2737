#include "audit/verify.h"

#include <fcntl.h>

#include <thread>

#include "audit/fixed_text.h"
#include "audit/trail_files.h"
#include "base/file.h"

namespace larmor::audit {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::milliseconds kLookAgainAfter{10};

tl::unexpected<Error> corrupt(const std::string& what) {
    return fail(ErrorCode::Corrupt, what);
}

/// Files one after the other.
class Verification {
public:
    explicit Verification(VerifyOptions options) : options_(std::move(options)) {}

    Result<void> check(const fs::path& path, std::uint64_t number, bool is_last) {
        TRY(const UniqueFd file, open_file(path, O_RDONLY));
        FileScan scan{
            .trail = {}, .end = result_.end.end, .size_bytes = 0, .batches = 0, .bad = {}};
        std::uint64_t size_before = 0;
        for (auto waited = std::chrono::milliseconds(0);; waited += kLookAgainAfter) {
            TRY(const std::uint64_t size, size_of(file));
            TRY_VOID(scan_to(path, file, size, number, scan));
            if (!scan.bad) break;
            if (size != size_before) waited = std::chrono::milliseconds(0);
            if (!is_last || waited >= options_.patience ||
                size - scan.size_bytes > kBatchMaxBytes) {
                return corrupt(path.string() + ": " + scan.bad->message);
            }
            size_before = size;
            std::this_thread::sleep_for(kLookAgainAfter);
        }
        result_.files += 1;
        result_.size_bytes += scan.size_bytes;
        result_.end = {.trail = scan.trail, .file = number, .end = scan.end};
        return {};
    }

    /// Holds an anchor against what is checked from now on.
    void expect(const Anchor& anchor) { anchors_.push_back(anchor); }
    void start_at(const ChainEnd& start) { result_.end.end = start; }

    Result<Verified> finish() {
        if (anchor_error_) return corrupt(*anchor_error_);
        for (const Anchor& anchor : anchors_) {
            if (anchor.end.batch > result_.end.end.batch) {
                return corrupt("the trail ends with batch " +
                               std::to_string(result_.end.end.batch) +
                               ", but it had come to batch " +
                               std::to_string(anchor.end.batch) + ": its end is missing");
            }
        }
        return std::move(result_);
    }

private:
    Result<void> scan_to(const fs::path& path, const UniqueFd& file, std::uint64_t size,
                         std::uint64_t number, FileScan& scan) {
        MappedFile mapped;
        if (size > 0) {
            TRY(mapped, MappedFile::map(file));
        }
        scan_on(mapped.bytes(), number, scan, [&](const Batch& batch) {
            result_.batches += 1;
            result_.records += batch.records.size();
            hold_against_anchors(path, batch);
            if (options_.see) options_.see(path, batch);
        });
        if (!result_.end.trail.empty() && !scan.trail.empty() &&
            scan.trail != result_.end.trail) {
            return corrupt(path.string() + ": the file is of another trail");
        }
        return {};
    }

    void hold_against_anchors(const fs::path& path, const Batch& batch) {
        for (const Anchor& anchor : anchors_) {
            if (anchor.end.batch != batch.end.batch || anchor.end == batch.end) continue;
            anchor_error_ = path.string() + ": batch " + std::to_string(batch.end.batch) +
                            " at byte " + std::to_string(batch.offset) +
                            " is whole in itself, but is not what was noted of it";
        }
    }

    VerifyOptions options_;
    Verified result_;
    std::vector<Anchor> anchors_;
    std::optional<std::string> anchor_error_;
};

/// The number in a file's name; it is also in the file.
Result<std::uint64_t> number_of(const fs::path& file) {
    const std::string name = file.filename();
    std::string_view text = name;
    const auto number = take_number(text, "");
    if (!number || name != file_name(*number)) {
        return fail(
            ErrorCode::InvalidInput,
            file.string() + " is not named like an audit file, such as " + file_name(1));
    }
    return *number;
}

}  // namespace

Result<Verified> verify_trail(const fs::path& folder, VerifyOptions options) {
    // Before the files, which may go on while we read.
    const auto own = read_anchor(folder);
    TRY(const auto numbers, list_files(folder));
    if (numbers.empty() && !own) {
        return fail(ErrorCode::NotFound, "there is no audit trail in " + folder.string());
    }
    Verification verification(options);
    if (own) verification.expect(*own);
    if (options.anchor) verification.expect(*options.anchor);
    std::uint64_t expected = 1;
    for (const std::uint64_t number : numbers) {
        if (number != expected++) {
            return corrupt("the audit file " + file_name(expected - 1) + " is missing");
        }
        TRY_VOID(
            verification.check(folder / file_name(number), number, number == numbers.back()));
    }
    return verification.finish();
}

Result<Verified> verify_files(const std::vector<fs::path>& files, VerifyOptions options) {
    Verification verification(options);
    if (options.anchor) verification.expect(*options.anchor);
    for (std::size_t i = 0; i < files.size(); ++i) {
        TRY(const auto number, number_of(files[i]));
        if (i == 0 && number > 1) {
            TRY(const auto mapped, MappedFile::open(files[i]));
            TRY(const auto start, claimed_start(mapped.bytes(), 0));
            verification.start_at(start);
        }
        TRY_VOID(verification.check(files[i], number, i + 1 == files.size()));
    }
    return verification.finish();
}

}  // namespace larmor::audit
