#include "backup/layout.h"

#include <fcntl.h>

#include <charconv>
#include <map>

#include "backup/copy_file.h"
#include "objects/local/segment_format.h"

namespace larmor::backup {
namespace {

using Lines = std::map<std::string, std::string, std::less<>>;

/// Lines of `name value`.
Result<std::optional<Lines>> read_lines(const std::filesystem::path& path) {
    const auto text = read_file(path, 4096);
    if (!text) {
        if (text.error().code == ErrorCode::NotFound) return std::nullopt;
        return tl::unexpected(text.error());
    }
    Lines lines;
    for (std::string_view left = *text; !left.empty();) {
        const auto end = left.find('\n');
        const std::string_view line = left.substr(0, end);
        const auto space = line.find(' ');
        if (end == std::string_view::npos || space == std::string_view::npos) {
            return fail(ErrorCode::Corrupt, path.string() + " is not what a backup writes");
        }
        lines.emplace(line.substr(0, space), line.substr(space + 1));
        left.remove_prefix(end + 1);
    }
    return lines;
}

Result<std::int64_t> number_in(const Lines& lines, std::string_view name,
                               const std::filesystem::path& path) {
    std::int64_t value = -1;
    if (const auto found = lines.find(name); found != lines.end()) {
        const auto& text = found->second;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) value = -1;
    }
    if (value < 0) {
        return fail(ErrorCode::Corrupt,
                    path.string() + " has no number '" + std::string(name) + "'");
    }
    return value;
}

std::string padded(std::int64_t number) {
    std::string digits = std::to_string(number);
    if (digits.size() < 8) digits.insert(0, 8 - digits.size(), '0');
    return digits;
}

}  // namespace

std::filesystem::path Layout::rows(std::int64_t number) const {
    return rows_folder() / (padded(number) + ".sqlite");
}
std::filesystem::path Layout::sealed_segment(std::int64_t segment) const {
    return segments_folder() / objects::local::segment_name(segment);
}
std::filesystem::path Layout::open_segment(std::int64_t segment, std::int64_t number) const {
    return segments_folder() / (padded(segment) + "." + padded(number) + ".open");
}
std::filesystem::path Layout::file_name(const objects::ObjectLocation& location) {
    return location.key + "." + to_hex(location.sha256);
}

Result<std::optional<Manifest>> read_manifest(const Layout& layout) {
    const auto path = layout.manifest();
    TRY(const auto lines, read_lines(path));
    if (!lines) return std::nullopt;
    TRY(const std::int64_t format, number_in(*lines, "format", path));
    if (format != 1) {
        return fail(ErrorCode::Unsupported,
                    path.string() + " has format " + std::to_string(format) + ", we know 1");
    }
    Manifest manifest;
    TRY(manifest.number, number_in(*lines, "number", path));
    TRY(const std::int64_t bytes, number_in(*lines, "rows_bytes", path));
    manifest.rows_bytes = static_cast<std::uint64_t>(bytes);
    const auto created = lines->find("created");
    const auto hash = lines->find("rows_sha256");
    if (created == lines->end() || hash == lines->end()) {
        return fail(ErrorCode::Corrupt, path.string() + " is not what a backup writes");
    }
    manifest.created = created->second;
    TRY(const ByteBuffer digest, from_hex(hash->second));
    if (digest.size() != manifest.rows_sha256.size()) {
        return fail(ErrorCode::Corrupt, path.string() + " has a hash of a wrong length");
    }
    std::copy(digest.begin(), digest.end(), manifest.rows_sha256.begin());
    if (const auto anchor = lines->find("audit"); anchor != lines->end()) {
        manifest.audit_anchor = anchor->second;
    }
    return manifest;
}

Result<void> write_manifest(const Layout& layout, const Manifest& manifest) {
    std::string text = "format 1\nnumber ";
    text.append(std::to_string(manifest.number)).append("\ncreated ").append(manifest.created);
    text.append("\nrows_bytes ").append(std::to_string(manifest.rows_bytes));
    text.append("\nrows_sha256 ").append(to_hex(manifest.rows_sha256)).append("\n");
    if (!manifest.audit_anchor.empty()) {
        text.append("audit ").append(manifest.audit_anchor).append("\n");
    }
    return write_durably(layout.manifest(), text);
}

Result<void> claim(const Layout& layout, const Owner& owner) {
    const auto path = layout.owner();
    TRY(const auto lines, read_lines(path));
    if (!lines) {
        return write_durably(
            path, "store " + owner.store + "\nepoch " + std::to_string(owner.epoch) + "\n");
    }
    TRY(const std::int64_t epoch, number_in(*lines, "epoch", path));
    const auto store = lines->find("store");
    if (store != lines->end() && Owner{store->second, epoch} == owner) return {};
    return fail(ErrorCode::Conflict,
                layout.directory.string() +
                    " holds backups of another library (one that was restored is another one "
                    "too): take another folder");
}

}  // namespace larmor::backup
