// How many instances a second the stores take: bytes staged, object recorded, row inserted, all
// durable, as ingest does it but without HTTP and without reading DICOM.
//
//     bench_stores [FOLDER] [INSTANCES] [CALLERS...]
//
// Prints one line per number of concurrent callers, and what the disk does at best: a write and
// an fdatasync of the same bytes, one group after the other.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "async/sync_wait.h"
#include "catalog/catalog.h"
#include "db/sqlite/sqlite_database.h"
#include "objects/local/local_store.h"
#include "objects/migrations.h"

namespace {

using namespace larmor;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBodyBytes = 39'000;

template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().message.c_str());
        std::_Exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// Of all threads, user and system.
double processor_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Library {
    explicit Library(const std::filesystem::path& folder) {
        database = must(db::sqlite::open_sqlite({.path = folder / "library.db"}));
        must(database->migrate(
            std::array{objects::migrations(), events::migrations(), catalog::migrations()}));
        log = must(events::EventLog::open(*database));
        catalog = must(catalog::Catalog::open(*database, *log));
        store = must(
            objects::local::open_local_store(*database, {.directory = folder / "objects"}));
    }
    std::unique_ptr<db::sqlite::SqliteDatabase> database;
    std::unique_ptr<events::EventLog> log;
    std::unique_ptr<catalog::Catalog> catalog;
    std::unique_ptr<objects::local::LocalStore> store;
};

/// An instance of a CT series of 400, as scanners number them.
catalog::InstanceRecord make_record(int number) {
    const std::string study =
        "1.2.826.0.1.3680043.8.498.7290114417654" + std::to_string(number / 2000);
    const std::string series = study + "." + std::to_string(number / 400 + 1);
    catalog::InstanceRecord record;
    record.patient = {.patient_id = "PAT" + std::to_string(number / 2000),
                      .issuer_of_patient_id = "HOSPITAL",
                      .patient_name = "Doe^Jane",
                      .patient_birth_date = "19700102",
                      .patient_sex = "F"};
    record.study.study_instance_uid = study;
    record.study.study_date = "20260102";
    record.study.study_time = "101500";
    record.study.accession_number = "A1";
    record.series.series_instance_uid = series;
    record.series.modality = "CT";
    record.instance = {.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                       .sop_instance_uid = series + "." + std::to_string(number * 79LL + 11),
                       .instance_number = number % 400,
                       .number_of_frames = std::nullopt,
                       .rows = 128,
                       .columns = 128,
                       .bits_allocated = 16};
    record.file.transfer_syntax_uid = "1.2.840.10008.1.2.1";
    record.file.size_bytes = kBodyBytes;
    return record;
}

struct Shared {
    Library& library;
    const std::vector<ByteBuffer>& bodies;
    int next = 0;  ///< tasks of one executor: no lock
    int end = 0;
    std::vector<double> latencies_us;
};

/// One caller: sends its next instance when the last one is durable.
async::Task<int> run_caller(Shared& shared) {
    int done = 0;
    while (shared.next < shared.end) {
        const int number = shared.next++;
        auto record = make_record(number);
        const auto start = SteadyClock::now();
        objects::StageRequest request;
        request.key = "instances/" + record.study.study_instance_uid + "/" +
                      record.series.series_instance_uid + "/" +
                      record.instance.sop_instance_uid + "/0123456789abcdef.dcm";
        request.body = {shared.bodies[static_cast<std::size_t>(number) % shared.bodies.size()]};
        const auto staged = must(co_await shared.library.store->stage(std::move(request)));
        record.file.sha256 = staged.location.sha256;
        const auto outcome = must(co_await shared.library.database->write(
            [&](db::Transaction& tx) -> Result<catalog::InsertOutcome> {
                TRY(record.file.object, shared.library.store->record(tx, staged));
                return shared.library.catalog->insert_instance(tx, record);
            }));
        if (outcome.kind != catalog::InsertOutcome::Kind::Stored) std::abort();
        shared.latencies_us.push_back(seconds_since(start) * 1e6);
        ++done;
    }
    co_return done;
}

async::Task<void> run_callers(Shared& shared, int callers) {
    std::vector<async::Task<int>> tasks;
    for (int i = 0; i < callers; ++i) tasks.push_back(run_caller(shared));
    co_await async::when_all(std::move(tasks));
}

void measure(const std::filesystem::path& folder, const std::vector<ByteBuffer>& bodies,
             int callers, int count) {
    std::filesystem::create_directories(folder);
    {
        Library library(folder);
        Shared warm{library, bodies, 1'000'000, 1'000'200, {}};
        async::sync_wait(run_callers(warm, callers));
        const auto writer = library.database->stats();
        const auto segments = library.store->stats();
        Shared shared{library, bodies, 0, count, {}};
        shared.latencies_us.reserve(static_cast<std::size_t>(count));
        const double processor = processor_seconds();
        const auto start = SteadyClock::now();
        async::sync_wait(run_callers(shared, callers));
        const double took = seconds_since(start);
        const double processor_took = processor_seconds() - processor;

        auto& latencies = shared.latencies_us;
        std::ranges::sort(latencies);
        const auto after = library.database->stats();
        const auto groups = static_cast<double>(after.groups - writer.groups);
        std::printf(
            "%2d callers: %6.0f instances/s, %5.0f us median, %5.0f us p99; %3.0f us of "
            "processor; "
            "%.1f in a commit (%3.0f us in COMMIT), %.1f in a segment write\n",
            callers, count / took, latencies[latencies.size() / 2],
            latencies[latencies.size() * 99 / 100], processor_took * 1e6 / count,
            count / groups, static_cast<double>(after.commit_us - writer.commit_us) / groups,
            count / static_cast<double>(library.store->stats().groups - segments.groups));
    }
    std::filesystem::remove_all(folder);
}

/// A write and a sync of one group after the other, into preallocated space.
void measure_disk(const std::filesystem::path& folder, std::size_t group) {
    std::filesystem::create_directories(folder);
    const auto path = folder / "disk";
    constexpr std::size_t kWrites = 400;
    const std::size_t bytes = group * 40'960;
    const UniqueFd file = must(open_file(path, O_RDWR | O_CREAT | O_TRUNC));
    if (::posix_fallocate(file.get(), 0, static_cast<off_t>(kWrites * bytes)) != 0)
        std::_Exit(1);
    const ByteBuffer body(bytes, std::byte{7});
    const auto start = SteadyClock::now();
    for (std::size_t i = 0; i < kWrites; ++i) {
        must(write_at(file, i * bytes, body));
        must(sync_data(file));
    }
    const double took = seconds_since(start);
    std::printf("disk alone: %2zu x 40 KB and fdatasync: %4.0f us, %6.0f/s\n", group,
                took * 1e6 / kWrites, static_cast<double>(kWrites * group) / took);
    std::filesystem::remove(path);
}

}  // namespace

int main(int argc, char** argv) {
    const std::filesystem::path folder = argc > 1 ? argv[1] : "stores-bench";
    const int count = argc > 2 ? std::atoi(argv[2]) : 20'000;
    std::vector<ByteBuffer> bodies(64);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        bodies[i].assign(kBodyBytes, static_cast<std::byte>(i));
    }
    for (const std::size_t group : {1, 2, 4, 16}) measure_disk(folder, group);
    std::vector<int> callers;
    for (int i = 3; i < argc; ++i) callers.push_back(std::atoi(argv[i]));
    if (callers.empty()) callers = {1, 4, 8, 32};
    for (const int at_a_time : callers) {
        measure(folder / std::to_string(at_a_time), bodies, at_a_time, count);
    }
    return 0;
}
