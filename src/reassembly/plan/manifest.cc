#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "base/checked.h"
#include "reassembly/plan/workload.h"

namespace larmor::reassembly::plan {
namespace {

Error at_line(std::size_t line, const std::string& what) {
    return {ErrorCode::InvalidInput, "manifest, line " + std::to_string(line) + ": " + what};
}

/// The fields of one record; in quotes a comma is none, and two quotes are one.
std::optional<std::vector<std::string>> fields_of(std::string_view line) {
    std::vector<std::string> fields(1);
    bool is_quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            if (is_quoted && i + 1 < line.size() && line[i + 1] == '"') {
                fields.back() += line[i++];
            } else {
                is_quoted = !is_quoted;
            }
        } else if (line[i] == ',' && !is_quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    if (is_quoted) return std::nullopt;
    return fields;
}

std::optional<std::uint64_t> whole_number(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

struct Columns {
    std::size_t side = 0, size_bytes = 0, count = 0;
    std::optional<std::size_t> members;
};

Result<Columns> columns_of(const std::vector<std::string>& names) {
    const auto find = [&](std::string_view name) -> std::optional<std::size_t> {
        const auto at = std::ranges::find(names, name);
        if (at == names.end()) return std::nullopt;
        return static_cast<std::size_t>(at - names.begin());
    };
    const auto side = find("side");
    const auto size_bytes = find("size_bytes");
    if (!side || !size_bytes) {
        return tl::unexpected(
            at_line(1, "names no columns 'side' and 'size_bytes' (and 'members')"));
    }
    return Columns{*side, *size_bytes, names.size(), find("members")};
}

Result<void> add_row(const Columns& columns, const std::vector<std::string>& fields,
                     std::size_t line, Workload& workload) {
    if (fields.size() != columns.count) {
        return tl::unexpected(at_line(line, "has " + std::to_string(fields.size()) +
                                                " fields instead of " +
                                                std::to_string(columns.count)));
    }
    const auto& name = fields[columns.side];
    const bool is_metadata = name == "metadata";
    if (!is_metadata && name != "image") {
        return tl::unexpected(at_line(line, "side is neither metadata nor image"));
    }
    auto& side = is_metadata ? workload.metadata : workload.images;
    const auto size = whole_number(fields[columns.size_bytes]);
    const auto sum = size ? checked_add(side.bytes, *size) : std::nullopt;
    if (!sum) return tl::unexpected(at_line(line, "size_bytes is no number of bytes"));
    side.bytes = *sum;
    side.largest_bytes = std::max(side.largest_bytes, *size);
    ++side.archives;
    if (!is_metadata || !columns.members) return {};
    const auto members = whole_number(fields[*columns.members]);
    const auto all = members ? checked_add(workload.instances, *members) : std::nullopt;
    if (!all) return tl::unexpected(at_line(line, "members is no whole number"));
    workload.instances = *all;
    return {};
}

}  // namespace

Result<Workload> read_manifest(std::string_view csv) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (csv.starts_with(kByteOrderMark)) csv.remove_prefix(kByteOrderMark.size());
    Workload workload;
    std::optional<Columns> columns;
    for (std::size_t number = 1; !csv.empty(); ++number) {
        auto line = csv.substr(0, csv.find('\n'));
        csv.remove_prefix(std::min(csv.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        const auto fields = fields_of(line);
        if (!fields) return tl::unexpected(at_line(number, "a quote is never closed"));
        if (!columns) {
            TRY(columns, columns_of(*fields));
            continue;
        }
        TRY_VOID(add_row(*columns, *fields, number, workload));
    }
    if (!columns) return tl::unexpected(at_line(1, "is not there"));
    return workload;
}

}  // namespace larmor::reassembly::plan
