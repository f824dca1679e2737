#include "reassembly/run/parquet_report.h"

#include <algorithm>

#include "duckdb/engine.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;
using duckdb::Engine;
using duckdb::quoted_text;

// The members of the lines of report.cc: docs/operating/reassembly.md. Numbers are signed,
// since many readers of Parquet know no others.
constexpr std::string_view kPlace =
    R"(archive VARCHAR, "offset" BIGINT, size BIGINT, link_at BIGINT, sparse BOOLEAN, frame BIGINT)";

std::string place_columns() {
    return "'archive': 'VARCHAR', 'offset': 'BIGINT', 'size': 'BIGINT', 'link_at': 'BIGINT', "
           "'sparse': 'BOOLEAN', 'frame': 'BIGINT'";
}

std::string columns_of(Report::Kind kind) {
    const auto place = "STRUCT(" + std::string(kPlace) + ')';
    if (kind == Report::kManifest) {
        return "'sop_instance_uid': 'VARCHAR', 'key': 'VARCHAR', 'size': 'BIGINT', "
               "'sha256': 'VARCHAR', 'transfer_syntax_uid': 'VARCHAR', "
               "'is_other_syntax': 'BOOLEAN', 'metadata': " +
               quoted_text(place) + ", 'images': " + quoted_text(place + "[]");
    }
    auto columns = "'side': 'VARCHAR', " + place_columns() +
                   ", 'path': 'VARCHAR', 'sop_instance_uid': 'VARCHAR', 'reason': 'VARCHAR'";
    if (kind == Report::kDuplicates) columns += ", 'first': " + quoted_text(place);
    if (kind == Report::kConflicts) columns += ", 'key': 'VARCHAR', 'sha256': 'VARCHAR'";
    return columns;
}

/// Row groups are in memory whole before they are written; the buffer of a reader takes the
/// longest line twice.
std::string copy_statement(const Report::File& file, const fs::path& to) {
    constexpr std::uint64_t kObjectBytes = 1 << 20;
    return "COPY (SELECT * FROM read_json(" + quoted_text(file.path.string()) +
           ", format = 'newline_delimited', compression = 'uncompressed', columns = {" +
           columns_of(file.kind) + "}, maximum_object_size = " +
           std::to_string(std::max(kObjectBytes, 2 * file.longest_line_bytes)) + ")) TO " +
           quoted_text(to.string()) +
           " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)";
}

/// A line is in memory whole, and a list of a frame each takes several times what its text
/// does: 12 times were enough for 400,000 frames, 8 were not. More than was planned is better
/// than a run that fails at its end.
std::uint64_t memory_for(const std::vector<Report::File>& files, std::uint64_t planned_bytes) {
    constexpr std::uint64_t kLeastBytes = 64 << 20, kLineTimes = 16;
    std::uint64_t longest = 0;
    for (const auto& file : files) longest = std::max(longest, file.longest_line_bytes);
    return std::max(planned_bytes, kLeastBytes + kLineTimes * longest);
}

}  // namespace

Result<void> check_parquet() {
    TRY(const auto engine, Engine::open({.threads = 1}));
    return engine->run("SELECT json_valid('1')");
}

Result<void> write_parquet(const std::vector<Report::File>& files,
                           const ParquetOptions& options) {
    // One thread: rows stay in order with little memory.
    TRY(const auto engine,
        Engine::open({.scratch = options.scratch / "engine",
                      .memory_max_bytes = memory_for(files, options.memory_bytes),
                      .threads = 1}));
    for (const auto& file : files) {
        const auto name = file.path.stem().string() + ".parquet";
        const auto unfinished = options.scratch / name;
        TRY_VOID(engine->run(copy_statement(file, unfinished)));
        std::error_code error;
        fs::rename(unfinished, options.to / name, error);
        if (error) return system_failure("rename to " + name, error.value());
    }
    return {};
}

}  // namespace larmor::reassembly::run
