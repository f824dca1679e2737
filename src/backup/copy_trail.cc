#include "backup/copy_trail.h"

#include <fcntl.h>

#include "audit/trail_files.h"
#include "audit/verify.h"
#include "backup/copy_file.h"

namespace larmor::backup {
namespace {

namespace fs = std::filesystem;

/// Up to the end of the last whole batch, where what follows has no seal: somebody is in the
/// middle of writing it, or was when it ended. What is damaged is kept whole.
Result<std::uint64_t> whole_bytes(const UniqueFd& file, std::uint64_t number) {
    TRY(const std::uint64_t size, size_of(file));
    if (size == 0) return size;
    TRY(const MappedFile mapped, MappedFile::map(file));
    const auto start = audit::claimed_start(mapped.bytes(), 0);
    const auto scan =
        audit::scan_file(mapped.bytes(), number, start.value_or(audit::ChainEnd{}));
    const auto tail = as_text(mapped.bytes().subspan(scan.size_bytes));
    const auto seal = tail.find("{\"seal\":");
    const bool is_torn =
        tail.size() <= audit::kBatchMaxBytes &&
        (seal == std::string_view::npos || tail.find('\n', seal) == std::string_view::npos);
    return is_torn ? scan.size_bytes : size;
}

Result<void> copy_if_longer(const fs::path& from, std::uint64_t bytes, const UniqueFd& source,
                            const fs::path& to, const CountFile& count) {
    std::error_code error;
    const auto there = fs::file_size(to, error);
    if (!error && there >= bytes) return {};
    TRY(NewFile file, NewFile::make(to));
    const auto copied = copy_bytes(source, bytes, file.file());
    if (!copied) {
        return fail(copied.error().code, from.string() + ": " + copied.error().message);
    }
    TRY_VOID(file.give_name());
    return count(bytes);
}

}  // namespace

Result<CopiedTrail> copy_trail(const fs::path& from, const fs::path& to,
                               const CountFile& count) {
    std::error_code error;
    if (!fs::is_directory(from, error)) return CopiedTrail{};
    TRY_VOID(make_folder(to));
    TRY(const auto numbers, audit::list_files(from));
    for (const auto number : numbers) {
        const fs::path path = from / audit::file_name(number);
        TRY(const UniqueFd file, open_file(path, O_RDONLY));
        TRY(const std::uint64_t bytes,
            number == numbers.back() ? whole_bytes(file, number) : size_of(file));
        if (bytes == 0) continue;
        TRY_VOID(copy_if_longer(path, bytes, file, to / audit::file_name(number), count));
    }
    for (const auto& entry : fs::directory_iterator(from, error)) {
        const auto name = entry.path().filename().string();
        if (name.find(".jsonl.torn-") == std::string::npos) continue;
        TRY(const UniqueFd file, open_file(entry.path(), O_RDONLY));
        TRY(const std::uint64_t bytes, size_of(file));
        TRY_VOID(copy_if_longer(entry.path(), bytes, file, to / name, count));
    }
    CopiedTrail copied;
    const auto verified = audit::verify_trail(to);
    if (verified) {
        copied.end = verified->end;
    } else if (verified.error().code == ErrorCode::Corrupt) {
        copied.damage = verified.error();
    } else if (verified.error().code != ErrorCode::NotFound) {
        return tl::unexpected(verified.error());
    }
    return copied;
}

}  // namespace larmor::backup
