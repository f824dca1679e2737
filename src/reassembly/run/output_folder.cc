#include "reassembly/run/output_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/hash.h"
#include "reassembly/run/request.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMarkMaxBytes = 1 << 20, kCheckpointMaxBytes = 1ULL << 36;

Result<void> make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return system_failure("make folder " + path.string(), error.value());
    return {};
}

Result<void> remove_below(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return system_failure("remove " + path.string(), error.value());
    return {};
}

}  // namespace

Result<void> write_whole(const fs::path& path, std::string_view text) {
    auto unfinished = path;
    unfinished += ".new";
    TRY(const auto file, open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC));
    TRY_VOID(write_all(file, as_bytes(text)));
    TRY_VOID(sync_data(file));
    std::error_code error;
    fs::rename(unfinished, path, error);
    if (error) return system_failure("rename to " + path.string(), error.value());
    return sync_directory(path.parent_path());
}

Result<OutputFolder> OutputFolder::open(const fs::path& path, const fs::path& scratch_folder,
                                        const std::string& fingerprint) {
    TRY_VOID(make_folder(path));
    OutputFolder folder(fs::absolute(path).lexically_normal());
    // In a folder of the user's the names are this run's own, and the same when it goes on.
    const auto name = to_hex(sha256(as_bytes(folder.path_.string()))).substr(0, 16);
    folder.scratch_ = scratch_folder.empty()
                          ? folder.work() / "run"
                          : fs::absolute(scratch_folder) / ("larmor-reassembly-" + name);
    TRY(folder.lock_, open_file(folder.path_, O_RDONLY | O_DIRECTORY));
    if (flock(folder.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorCode::Conflict, "another process re-assembles into " + path.string());
    }
    if (auto mark = read_file(path / "complete.json", kMarkMaxBytes)) {
        if (!mark->starts_with(fingerprint_member(fingerprint))) {
            return fail(ErrorCode::Conflict,
                        path.string() + " holds a finished run of other archives or options");
        }
        folder.finished_ = *std::move(mark);
        // As where a run was broken off behind its end.
        TRY_VOID(folder.remove_scratch());
        return folder;
    }
    TRY_VOID(folder.begin(fingerprint));
    return folder;
}

Result<void> OutputFolder::begin(const std::string& fingerprint) {
    const auto mark = fingerprint_member(fingerprint) + "}\n";
    const auto mark_path = work() / "run.json";
    if (const auto before = read_file(mark_path, kMarkMaxBytes)) {
        if (*before != mark) {
            return fail(
                ErrorCode::Conflict,
                path_.string() + " holds an unfinished run of other archives or options");
        }
        if (const auto text = read_file(work() / "checkpoint", kCheckpointMaxBytes)) {
            TRY(checkpoint_, decode_checkpoint(*text));
        } else if (text.error().code == ErrorCode::NotFound) {
            TRY_VOID(begin_again());
        } else {
            return tl::unexpected(text.error());
        }
    } else {
        // A run that was broken off before it had its mark made nothing but this folder.
        std::error_code error;
        for (fs::directory_iterator at(path_, error); !error && at != fs::directory_iterator();
             at.increment(error)) {
            if (at->path().filename() == ".reassembly") continue;
            return fail(ErrorCode::Conflict,
                        path_.string() + " is not empty, and what it holds is no run");
        }
        if (error) return system_failure("read folder " + path_.string(), error.value());
        TRY_VOID(make_folder(work()));
        TRY_VOID(write_whole(mark_path, mark));
        TRY_VOID(sync_directory(path_));
    }
    for (const auto& made : {staged(), report(), report_lines()}) TRY_VOID(make_folder(made));
    return {};
}

Result<void> OutputFolder::begin_again() {
    constexpr std::array kMade{"instances", "conflicts", "report", ".reassembly/staged"};
    for (const auto* name : kMade) TRY_VOID(remove_below(path_ / name));
    for (const auto kind : {kSpool, kEvents, kFrames}) TRY_VOID(remove_below(scratch(kind)));
    return {};
}

bool OutputFolder::is_of_s3() const {
    if (finished_) return finished_->find(kPlaceMember) != std::string::npos;
    std::error_code error;
    return fs::exists(s3_mark(), error);
}

fs::path OutputFolder::scratch(std::string_view kind) const {
    auto path = scratch_;
    path += '.';
    path += kind;
    return path;
}

Result<void> OutputFolder::sync() const {
    if (syncfs(lock_.get()) != 0) return system_failure("sync " + path_.string(), errno);
    return {};
}

Result<void> OutputFolder::write_checkpoint(std::string_view text) const {
    return write_whole(work() / "checkpoint", text);
}

Result<void> OutputFolder::complete(const std::string& json) {
    TRY_VOID(sync());
    // The mark of the unfinished run goes last: without it nobody could go on.
    TRY_VOID(write_whole(path_ / "complete.json", json));
    return remove_scratch();
}

Result<void> OutputFolder::remove_scratch() const {
    for (const auto kind : {kSpool, kEvents, kFrames}) TRY_VOID(remove_below(scratch(kind)));
    return remove_below(work());
}

}  // namespace larmor::reassembly::run
