#include "audit/anchor.h"

#include <fcntl.h>

#include "audit/fixed_text.h"
#include "base/file.h"

namespace larmor::audit {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kStart = "{\"trail\":\"";
constexpr std::size_t kTrailDigits = 32;

Result<void> write_whole(const fs::path& path, std::string_view text) {
    TRY(const auto file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY_VOID(write_all(file, as_bytes(text)));
    return sync_data(file);
}

}  // namespace

std::string to_text(const Anchor& anchor) {
    return std::string(kStart) + anchor.trail + "\",\"file\":" + std::to_string(anchor.file) +
           ",\"batch\":" + std::to_string(anchor.end.batch) +
           ",\"record\":" + std::to_string(anchor.end.record) + ",\"hash\":\"" +
           to_hex(anchor.end.hash) + "\"}";
}

Result<Anchor> parse_anchor(std::string_view line) {
    const auto none = [] {
        return fail(ErrorCode::InvalidInput,
                    "this is no anchor of an audit trail: audit verify prints one");
    };
    std::string_view text = line;
    if (!text.starts_with(kStart) || text.size() < kStart.size() + kTrailDigits) return none();
    Anchor anchor;
    anchor.trail = text.substr(kStart.size(), kTrailDigits);
    text.remove_prefix(kStart.size() + kTrailDigits);
    const auto file = take_number(text, "\",\"file\":");
    const auto batch = take_number(text, ",\"batch\":");
    const auto record = take_number(text, ",\"record\":");
    const auto hash = take_hash(text, ",\"hash\":\"");
    if (!file || !batch || !record || !hash) return none();
    anchor.file = *file;
    anchor.end = {*batch, *record, *hash};
    if (to_text(anchor) != line) return none();
    return anchor;
}

Result<void> write_anchor(const fs::path& folder, const Anchor& anchor,
                          std::string_view file_name) {
    const fs::path unfinished = folder / (std::string(file_name) + ".new");
    if (auto written = write_whole(unfinished, to_text(anchor) + "\n"); !written) {
        // A full disk takes the name and not the bytes.
        std::error_code ignored;
        fs::remove(unfinished, ignored);
        return written;
    }
    const fs::path name = folder / file_name;
    std::error_code error;
    fs::rename(unfinished, name, error);
    if (error) return system_failure("name " + name.string(), error.value());
    return sync_directory(folder);
}

std::optional<Anchor> read_anchor(const fs::path& folder, std::string_view file_name) {
    auto text = read_file(folder / file_name, 4096);
    if (!text || !text->ends_with('\n')) return std::nullopt;
    text->pop_back();
    const auto anchor = parse_anchor(*text);
    return anchor ? std::optional<Anchor>(*anchor) : std::nullopt;
}

}  // namespace larmor::audit
