// The peer of `larmor bench join`: DuckDB joins the same UIDs, which it takes from table
// functions that make them from their numbers, as ours does. KEYS THREADS [MEMORY_LIMIT
// TEMP_FOLDER].
#include <duckdb.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "reassembly/join_bench/process_memory.h"
#include "reassembly/join_bench/synthetic_uids.h"

namespace {

using larmor::reassembly::join_bench::SyntheticUids;
using larmor::reassembly::join_bench::UidText;

/// One side of the join: all UIDs, in the order of their numbers or shuffled.
struct Side {
    SyntheticUids uids;
    bool shuffled;
    unsigned threads;
};
/// Threads take a stretch of numbers at a time, as ours do.
struct Shared {
    std::atomic<std::uint64_t> next{0};
};
struct Stretch {
    std::uint64_t at = 0, end = 0;
};
constexpr std::uint64_t kStretch = 1 << 16;

template <typename T>
void destroy(void* data) {
    delete static_cast<T*>(data);
}

void bind_uids(duckdb_bind_info info) {
    const auto* side = static_cast<const Side*>(duckdb_bind_get_extra_info(info));
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_bind_add_result_column(info, "uid", text);
    duckdb_bind_add_result_column(info, "number", number);
    duckdb_destroy_logical_type(&text);
    duckdb_destroy_logical_type(&number);
    duckdb_bind_set_cardinality(info, side->uids.count(), true);
}

void init_uids(duckdb_init_info info) {
    const auto* side = static_cast<const Side*>(duckdb_init_get_extra_info(info));
    duckdb_init_set_max_threads(info, side->threads);
    duckdb_init_set_init_data(info, new Shared, destroy<Shared>);
}

void init_thread(duckdb_init_info info) {
    duckdb_init_set_init_data(info, new Stretch, destroy<Stretch>);
}

void give_uids(duckdb_function_info info, duckdb_data_chunk output) {
    const auto& side = *static_cast<const Side*>(duckdb_function_get_extra_info(info));
    auto& shared = *static_cast<Shared*>(duckdb_function_get_init_data(info));
    auto& stretch = *static_cast<Stretch*>(duckdb_function_get_local_init_data(info));
    if (stretch.at == stretch.end) {
        stretch.at = std::min(shared.next.fetch_add(kStretch), side.uids.count());
        stretch.end = std::min(stretch.at + kStretch, side.uids.count());
    }
    duckdb_vector texts = duckdb_data_chunk_get_vector(output, 0);
    auto* numbers = static_cast<std::uint64_t*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(output, 1)));
    const std::uint64_t count =
        std::min<std::uint64_t>(duckdb_vector_size(), stretch.end - stretch.at);
    UidText uid;
    for (std::uint64_t i = 0; i < count; ++i, ++stretch.at) {
        const std::uint64_t number =
            side.shuffled ? side.uids.shuffled(stretch.at) : stretch.at;
        SyntheticUids::write(number, uid);
        duckdb_vector_assign_string_element_len(texts, i, uid.chars.data(), uid.size);
        numbers[i] = number;
    }
    duckdb_data_chunk_set_size(output, count);
}

void add_side(duckdb_connection connection, const char* name, Side& side) {
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, name);
    duckdb_table_function_set_extra_info(function, &side, nullptr);
    duckdb_table_function_set_bind(function, bind_uids);
    duckdb_table_function_set_init(function, init_uids);
    duckdb_table_function_set_local_init(function, init_thread);
    duckdb_table_function_set_function(function, give_uids);
    duckdb_register_table_function(connection, function);
    duckdb_destroy_table_function(&function);
}

[[noreturn]] void stop(const char* why) {
    std::fprintf(stderr, "DuckDB: %s\n", why);
    std::exit(1);  // NOLINT(concurrency-mt-unsafe): DuckDB's threads wait for work
}

/// Runs a statement; its first row's first two numbers where it has some.
std::pair<std::uint64_t, std::uint64_t> query(duckdb_connection connection,
                                              const std::string& sql) {
    duckdb_result result;
    if (duckdb_query(connection, sql.c_str(), &result) == DuckDBError) {
        stop(duckdb_result_error(&result));
    }
    std::pair<std::uint64_t, std::uint64_t> row{};
    if (duckdb_row_count(&result) > 0 && duckdb_column_count(&result) > 1) {
        row = {duckdb_value_uint64(&result, 0, 0), duckdb_value_uint64(&result, 1, 0)};
    }
    duckdb_destroy_result(&result);
    return row;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) stop("KEYS THREADS [MEMORY_LIMIT TEMP_FOLDER]");
    const auto keys = static_cast<std::uint64_t>(std::strtod(argv[1], nullptr));
    const auto threads = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));

    duckdb_database database = nullptr;
    duckdb_connection connection = nullptr;
    if (duckdb_open(nullptr, &database) == DuckDBError ||
        duckdb_connect(database, &connection) == DuckDBError) {
        stop("can't be opened");
    }
    query(connection, "SET autoinstall_known_extensions = false");
    query(connection, "SET threads = " + std::to_string(threads));
    query(connection, "SET preserve_insertion_order = false");
    if (argc > 3) query(connection, "SET memory_limit = '" + std::string(argv[3]) + "'");
    if (argc > 4) query(connection, "SET temp_directory = '" + std::string(argv[4]) + "'");

    Side build{.uids = SyntheticUids(keys), .shuffled = false, .threads = threads};
    Side probe{.uids = SyntheticUids(keys), .shuffled = true, .threads = threads};
    add_side(connection, "build_uids", build);
    add_side(connection, "probe_uids", probe);

    const auto start = std::chrono::steady_clock::now();
    const auto [pairs, wrong] =
        query(connection,
              "SELECT count(*)::UBIGINT, count(*) FILTER (b.number <> p.number)::UBIGINT "
              "FROM probe_uids() p JOIN build_uids() b ON p.uid = b.uid");
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const auto peak = larmor::reassembly::join_bench::peak_resident_bytes();
    std::printf(
        "{\"version\": \"%s\", \"keys\": %llu, \"seconds\": %.3f, \"pairs\": %llu, "
        "\"wrong\": %llu, \"peak_resident_bytes\": %llu}\n",
        duckdb_library_version(), static_cast<unsigned long long>(keys), took.count(),
        static_cast<unsigned long long>(pairs), static_cast<unsigned long long>(wrong),
        static_cast<unsigned long long>(peak.value_or(0)));
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    return pairs == keys && wrong == 0 ? 0 : 1;
}
