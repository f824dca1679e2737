#include "reassembly/split/archive_set.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "archive/tar_writer.h"

namespace larmor::reassembly::split {
namespace {

std::string_view suffix_of(archive::Compression compression) {
    switch (compression) {
        case archive::Compression::Gzip:
            return ".tar.gz";
        case archive::Compression::Zstd:
            return ".tar.zst";
        default:
            return ".tar";
    }
}

}  // namespace

Result<ArchiveSet> ArchiveSet::create(const std::filesystem::path& folder,
                                      std::string_view kind, std::uint32_t count,
                                      archive::Compression compression) {
    ArchiveSet set;
    for (std::uint32_t i = 1; i <= count; ++i) {
        std::string number = std::to_string(i);
        number.insert(0, number.size() < 5 ? 5 - number.size() : 0, '0');
        Archive one;
        one.path =
            folder / (std::string(kind) + "-" + number + std::string(suffix_of(compression)));
        if (std::filesystem::exists(one.path)) {
            return fail(ErrorCode::Conflict,
                        one.path.string() + " is there already: split into a new folder");
        }
        TRY(one.file, open_file(one.path, O_CREAT | O_EXCL | O_WRONLY));
        one.compressor = archive::Compressor::make(compression);
        set.archives_.push_back(std::move(one));
    }
    return set;
}

std::string ArchiveSet::name_of(std::uint32_t archive) const {
    return archives_[archive].path.filename().string();
}

Result<void> ArchiveSet::write(Archive& archive, std::string_view text) {
    std::string out;
    archive.compressor->write(as_bytes(text), out);
    archive.written += text.size();
    return write_all(archive.file, as_bytes(out));
}

Result<PutMember> ArchiveSet::put(std::uint32_t archive, const std::string& path, Bytes bytes) {
    auto& one = archives_[archive];
    TRY_VOID(write(one, archive::tar_member_head(path, bytes.size())));
    const PutMember where{name_of(archive), one.written};
    TRY_VOID(write(one, as_text(bytes)));
    TRY_VOID(write(one, archive::tar_padding(bytes.size())));
    return where;
}

Result<void> ArchiveSet::finish() {
    for (auto& one : archives_) {
        TRY_VOID(write(one, archive::tar_end()));
        std::string out;
        one.compressor->finish(out);
        TRY_VOID(write_all(one.file, as_bytes(out)));
    }
    return {};
}

Result<void> ArchiveSet::truncate(std::uint32_t archive, std::uint32_t permille) {
    const auto& one = archives_[archive];
    TRY(const auto size, size_of(one.file));
    if (::ftruncate(one.file.get(), static_cast<off_t>(size / 1000 * permille)) != 0) {
        return system_failure("truncate " + one.path.string(), errno);
    }
    return {};
}

}  // namespace larmor::reassembly::split
