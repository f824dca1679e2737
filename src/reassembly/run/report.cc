#include "reassembly/run/report.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "base/json_text.h"

namespace larmor::reassembly::run {
namespace {

/// Paths hold any bytes; JSON is UTF-8.
std::string json_path(std::string_view path) {
    std::string text(path);
    if (!is_utf8(text)) {
        std::ranges::replace_if(
            text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    }
    return to_json_string(text);
}

std::string member(std::string_view name, std::uint64_t value) {
    return ",\"" + std::string(name) + "\":" + std::to_string(value);
}
std::string member(std::string_view name, std::string_view value) {
    return ",\"" + std::string(name) + "\":" + to_json_string(value);
}

std::string json_members(const SideCounts& counts) {
    std::string text = "{\"members\":" + std::to_string(counts.members);
    text += member("written", counts.written) + member("duplicates", counts.duplicates) +
            member("orphans", counts.orphans) + member("incomplete", counts.incomplete) +
            member("conflicts", counts.conflicts) + member("corrupt", counts.corrupt) +
            member("skipped", counts.skipped);
    return text + '}';
}

}  // namespace

std::string json_members(const Counts& counts) {
    return "\"instances\":" + std::to_string(counts.instances) + member("bytes", counts.bytes) +
           member("other_syntax", counts.other_syntax) +
           member("conflict_files", counts.conflict_files) +
           member("damaged_places", counts.damaged_places) +
           ",\"metadata\":" + json_members(counts.metadata) +
           ",\"images\":" + json_members(counts.images);
}

Result<Report> Report::create(const std::filesystem::path& folder, const Archives& archives) {
    constexpr std::array<const char*, kKinds> kNames{"manifest",   "duplicates", "orphans",
                                                     "incomplete", "conflicts",  "corrupt"};
    Report report(archives);
    for (std::size_t i = 0; i < kKinds; ++i) {
        const auto path = folder / (std::string(kNames[i]) + ".ndjson");
        TRY(auto file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
        report.lines_.push_back({{static_cast<Kind>(i), path}, std::move(file), {}});
    }
    return report;
}

std::vector<Report::File> Report::files() const {
    std::vector<File> files;
    for (const auto& lines : lines_) files.push_back(lines.info);
    return files;
}

Result<void> Report::add(Kind kind, std::string_view line) {
    constexpr std::size_t kWriteBytes = 256 << 10;
    auto& lines = lines_[kind];
    lines.info.longest_line_bytes =
        std::max<std::uint64_t>(lines.info.longest_line_bytes, line.size());
    lines.text.append(line);
    lines.text.push_back('\n');
    if (lines.text.size() < kWriteBytes) return {};
    TRY_VOID(write_all(lines.file, as_bytes(lines.text)));
    lines.text.clear();
    return {};
}

Result<void> Report::finish() {
    for (auto& lines : lines_) {
        TRY_VOID(write_all(lines.file, as_bytes(lines.text)));
        lines.text.clear();
    }
    return {};
}

/// Where a member's bytes lie: archive, offset, size, and the number of its frame; of a hard
/// link where it is itself, too.
std::string Report::place_of(const Event& event) const {
    const auto& archives = event.side == Side::Image ? archives_.images : archives_.metadata;
    std::string text = "\"archive\":" + json_path(archives[event.archive].key);
    text += member("offset", event.bytes_at.value_or(event.offset)) +
            member("size", event.size_bytes);
    if (event.bytes_at) text += member("link_at", event.offset);
    if (event.is_sparse) text += ",\"sparse\":true";
    if (event.frame) text += member("frame", *event.frame);
    return text;
}

std::string Report::member_line(const Event& event, std::string_view reason) const {
    std::string text =
        event.side == Side::Image ? R"({"side":"image",)" : R"({"side":"metadata",)";
    text += place_of(event);
    if (event.about == About::Member) text += ",\"path\":" + json_path(event.path);
    if (!event.uid.empty()) text += member("sop_instance_uid", event.uid);
    return text + member("reason", reason) + '}';
}

Result<void> Report::instance(const Event& file, const Event& metadata,
                              const std::vector<const Event*>& images) {
    std::string text = "{\"sop_instance_uid\":" + to_json_string(metadata.uid);
    text += member("key", file.key) + member("size", file.file_size_bytes) +
            member("sha256", to_hex(file.digest)) +
            member("transfer_syntax_uid", file.transfer_syntax_uid);
    if (file.is_other_syntax) text += ",\"is_other_syntax\":true";
    text += ",\"metadata\":{" + place_of(metadata) + "},\"images\":[";
    for (std::size_t i = 0; i < images.size(); ++i) {
        text += (i == 0 ? "{" : ",{") + place_of(*images[i]) + '}';
    }
    ++counts_.instances;
    counts_.bytes += file.file_size_bytes;
    counts_.other_syntax += file.is_other_syntax ? 1 : 0;
    ++counts_.metadata.written;
    counts_.images.written += images.size();
    return add(kManifest, text + "]}");
}

Result<void> Report::duplicate(const Event& event, const Event& first) {
    ++side(event).duplicates;
    auto text = member_line(event, "the same as another member");
    text.pop_back();
    return add(kDuplicates, text + ",\"first\":{" + place_of(first) + "}}");
}
Result<void> Report::orphan(const Event& event, std::string_view reason) {
    ++side(event).orphans;
    return add(kOrphans, member_line(event, reason));
}
Result<void> Report::incomplete(const Event& event, std::string_view reason) {
    ++side(event).incomplete;
    return add(kIncomplete, member_line(event, reason));
}
Result<void> Report::conflict(const Event& event, std::string_view reason) {
    ++side(event).conflicts;
    return add(kConflicts, member_line(event, reason));
}
Result<void> Report::conflict_file(const Event& file, const std::string& key) {
    ++counts_.conflict_files;
    return add(kConflicts, "{\"sop_instance_uid\":" + to_json_string(file.uid) +
                               member("key", key) + member("size", file.file_size_bytes) +
                               member("sha256", to_hex(file.digest)) + '}');
}
Result<void> Report::corrupt(const Event& event, std::string_view reason) {
    if (event.about == About::Damage) {
        ++counts_.damaged_places;
    } else {
        ++side(event).corrupt;
    }
    return add(kCorrupt, member_line(event, reason));
}

}  // namespace larmor::reassembly::run
