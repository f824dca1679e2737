#include "index/lake/manifest.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/ids.h"
#include "base/json_text.h"
#include "duckdb/engine.h"

namespace larmor::index::lake {
namespace {

using duckdb::quoted_text;

constexpr std::int64_t kManifestFormat = 1;

constexpr std::size_t kIdDigits = 16;

/// More than anybody writes, so little that a sum or a next one is a number too.
constexpr std::int64_t kNumberMax = 9'999'999'999'999'999;

bool is_number(std::int64_t number) {
    return number >= 0 && number <= kNumberMax;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_id(std::string_view text) {
    return text.size() == kIdDigits && std::ranges::all_of(text, [](char c) {
               return is_digit(c) || (c >= 'a' && c <= 'f');
           });
}

tl::unexpected<Error> corrupt(const std::string& why) {
    return fail(ErrorCode::Corrupt, "the manifest of the lake " + why);
}

bool is_month(std::string_view text) {
    if (text == "other") return true;
    return text.size() == 7 && text[4] == '-' &&
           std::ranges::all_of(text.substr(0, 4), is_digit) &&
           std::ranges::all_of(text.substr(5), is_digit);
}

/// From the path, which says all of it.
Result<DataFile> parse_path(std::string_view path) {
    constexpr std::string_view kKey = "/study_month=";
    constexpr std::string_view kEnding = ".parquet";
    DataFile file;
    const auto key = path.find(kKey);
    const auto slash = path.rfind('/');
    if (key == std::string_view::npos || slash <= key || !path.ends_with(kEnding)) {
        return corrupt("names a file that is none of a lake");
    }
    const auto table = table_named(path.substr(0, key));
    const auto month = path.substr(key + kKey.size(), slash - key - kKey.size());
    const auto id = path.substr(slash + 1, path.size() - slash - 1 - kEnding.size());
    if (!table || !is_month(month) || !is_id(id)) {
        return corrupt("names a file that is none of a lake");
    }
    file.table = *table;
    file.month = month;
    file.id = id;
    return file;
}

}  // namespace

std::string path_of(const DataFile& file) {
    return std::string(name_of(file.table)) + "/study_month=" + file.month + "/" + file.id +
           ".parquet";
}

std::string new_file_id() {
    return random_id().substr(0, kIdDigits);
}

Manifest manifest_after(const Manifest& base, const std::set<std::string>& replaced,
                        const std::vector<DataFile>& written) {
    Manifest next{.number = base.number + 1, .files = written};
    std::ranges::copy_if(base.files, std::back_inserter(next.files),
                         [&](const DataFile& file) { return !replaced.contains(file.id); });
    std::ranges::sort(next.files, [](const DataFile& a, const DataFile& b) {
        return std::tie(a.table, a.month, a.id) < std::tie(b.table, b.month, b.id);
    });
    return next;
}

std::string to_json(const Manifest& manifest) {
    std::string json = R"({"format":)" + std::to_string(kManifestFormat) + R"(,"number":)" +
                       std::to_string(manifest.number) + ",\"files\":[";
    bool first = true;
    for (const auto& file : manifest.files) {
        if (!std::exchange(first, false)) json += ',';
        json += "\n{\"table\":" + to_json_string(name_of(file.table)) +
                ",\"study_month\":" + to_json_string(file.month) +
                ",\"path\":" + to_json_string(path_of(file)) +
                ",\"rows\":" + std::to_string(file.rows) +
                ",\"bytes\":" + std::to_string(file.bytes) + "}";
    }
    return json + "]}\n";
}

Result<Manifest> parse_manifest(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json.data(), json.size()).get(root)) return corrupt("is no JSON");
    std::int64_t format = 0;
    Manifest manifest;
    simdjson::dom::array files;
    if (root["format"].get(format) || root["number"].get(manifest.number) ||
        root["files"].get(files) || !is_number(manifest.number)) {
        return corrupt("lacks its format, number or files");
    }
    if (format > kManifestFormat) {
        return fail(ErrorCode::Unsupported,
                    "the lake has format " + std::to_string(format) + ", this larmor knows " +
                        std::to_string(kManifestFormat) + ": use a newer one");
    }
    std::set<std::string> ids;
    for (const auto entry : files) {
        std::string_view path;
        std::int64_t rows = 0;
        std::int64_t bytes = 0;
        if (entry["path"].get(path) || entry["rows"].get(rows) || entry["bytes"].get(bytes) ||
            !is_number(rows) || !is_number(bytes)) {
            return corrupt("has a file without path, rows or bytes");
        }
        TRY(auto file, parse_path(path));
        if (!ids.insert(file.id).second) return corrupt("has a file twice");
        file.rows = rows;
        file.bytes = bytes;
        manifest.files.push_back(std::move(file));
    }
    return manifest;
}

std::string manifest_name(std::int64_t number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 16 - std::min<std::size_t>(16, digits.size()), '0');
    return std::string(kManifests) + digits + ".json";
}

std::optional<std::int64_t> manifest_number(std::string_view name) {
    if (!name.starts_with(kManifests)) return std::nullopt;
    name.remove_prefix(kManifests.size());
    std::int64_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    if (read.ec != std::errc() || number == 0 || !is_number(number)) return std::nullopt;
    // Another way to write it is no name of ours.
    if (manifest_name(number).substr(kManifests.size()) != name) return std::nullopt;
    return number;
}

std::string views_of(const Manifest& manifest, std::string_view root) {
    std::string sql = "-- The lake at manifest " + std::to_string(manifest.number) +
                      ", for DuckDB. Made by larmor with each change.\n";
    for (const Table table : kTables) {
        std::string files;
        for (const auto& file : manifest.files) {
            if (file.table != table) continue;
            files += files.empty() ? "\n    " : ",\n    ";
            files += quoted_text(std::string(root) + path_of(file));
        }
        sql += "CREATE OR REPLACE VIEW " + std::string(name_of(table)) + " AS SELECT ";
        if (!files.empty()) {
            sql += "* FROM read_parquet([" + files +
                   "],\n    hive_partitioning = true, hive_types_autocast = false,"
                   " union_by_name = true);\n";
            continue;
        }
        for (const auto& column : columns_of(table)) {
            sql += "NULL::" + column.type + " AS " + quoted_name(column.name) + ", ";
        }
        sql += "NULL::VARCHAR AS study_month WHERE false;\n";
    }
    return sql;
}

}  // namespace larmor::index::lake
