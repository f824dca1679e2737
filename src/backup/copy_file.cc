#include "backup/copy_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace larmor::backup {
namespace {

std::filesystem::path part_of(const std::filesystem::path& to) {
    return to.string() + ".part";
}

}  // namespace

Result<NewFile> NewFile::make(std::filesystem::path to) {
    TRY(UniqueFd file, open_file(part_of(to), O_RDWR | O_CREAT | O_TRUNC));
    return NewFile(std::move(to), std::move(file));
}

Result<void> NewFile::give_name() {
    if (::fsync(file_.get()) != 0) return system_failure("fsync of " + to_.string(), errno);
    std::error_code error;
    std::filesystem::rename(part_of(to_), to_, error);
    if (error) return system_failure("name " + to_.string(), error.value());
    return sync_directory(to_.parent_path());
}

Result<Sha256> copy_bytes(const UniqueFd& from, std::uint64_t size_bytes, const UniqueFd& to) {
    ByteBuffer piece(std::min<std::uint64_t>(size_bytes, 1 << 20));
    Sha256Stream hash;
    for (std::uint64_t at = 0; at < size_bytes;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes - at, piece.size()));
        auto read = read_at(from, at, std::span(piece).first(count));
        if (!read) {
            if (read.error().code != ErrorCode::InvalidInput)
                return tl::unexpected(read.error());
            return fail(ErrorCode::Corrupt,
                        "the file ends too early, before byte " + std::to_string(size_bytes));
        }
        TRY_VOID(write_at(to, at, Bytes(piece).first(count)));
        hash.update(Bytes(piece).first(count));
        at += count;
    }
    return hash.finish();
}

Result<Sha256> hash_of(const std::filesystem::path& path) {
    TRY(const UniqueFd file, open_file(path, O_RDONLY));
    ByteBuffer piece(1 << 20);
    Sha256Stream hash;
    for (;;) {
        TRY(const std::size_t count, read_some(file, piece));
        if (count == 0) return hash.finish();
        hash.update(Bytes(piece).first(count));
    }
}

Result<void> write_durably(const std::filesystem::path& path, std::string_view text) {
    TRY(NewFile file, NewFile::make(path));
    TRY_VOID(write_at(file.file(), 0, as_bytes(text)));
    return file.give_name();
}

Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return {};
    const auto parent = std::filesystem::absolute(folder).parent_path();
    TRY_VOID(make_folder(parent));
    std::filesystem::create_directory(folder, error);
    if (error) return system_failure("make folder " + folder.string(), error.value());
    return sync_directory(parent);
}

}  // namespace larmor::backup
