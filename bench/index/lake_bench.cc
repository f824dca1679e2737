// The lake by itself, in process: documents as the catalog's reader gives them go into Parquet
// files on this disk. First 1,000 image sets of 100 instances as fast as they go, in batches as
// the queue's worker makes them, then again with another patient's name each (every row of them
// is written anew); then 50 image sets a second for a while, each timed from when it is there
// to when the manifest that readers read has it. `bench_index_lake [SECONDS [FOLDER]]`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <thread>

#include "base/file.h"
#include "base/ids.h"
#include "dicom/tags.h"
#include "index/lake/columns.h"
#include "index/lake/lake_target.h"
#include "index/lake/manifest.h"

namespace {

using namespace larmor;
using namespace larmor::index;
using std::chrono::steady_clock;
namespace tags = dicom::tags;

constexpr int kSets = 1000;
constexpr int kInstances = 100;
constexpr int kSetsASecond = 50;

template <typename T>
T must_be(Result<T> result) {
    if (result) return *std::move(result);
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);  // NOLINT(concurrency-mt-unsafe)
}

void set(Values& values, Level level, dicom::Tag tag, std::string text) {
    static const Wanted kWanted = lake::wanted_attributes(Levels::all());
    const auto& of = kWanted.at(level);
    values.resize(of.size());
    const auto at = std::ranges::find(of, tag);
    if (at == of.end()) std::abort();
    values[static_cast<std::size_t>(at - of.begin())] = std::move(text);
}

std::string padded(int number, int width) {
    std::string text = std::to_string(number);
    return text.insert(0, static_cast<std::size_t>(width) - text.size(), '0');
}

/// A CT series of a study of four, of which there are some in each of 24 months.
ImageSetDocument document(int number, std::int64_t version, std::int64_t sequence) {
    const int study = number / 4;
    const std::string root = "1.2.826.0.1.3680043.8.498.";
    ImageSetDocument made;
    made.wanted = lake::wanted_attributes(Levels::all());
    made.datastore_id = std::string(32, 'd');
    made.image_set_id = padded(number, 32);
    made.version = version;
    made.as_of = {.epoch = 1, .sequence = sequence};
    made.patient_id = "P" + std::to_string(study);
    made.study_instance_uid = root + std::to_string(study);
    made.series_instance_uid = made.study_instance_uid + "." + std::to_string(number);
    set(made.patient, Level::Patient, tags::PatientName,
        "NAME^" + std::to_string(study) + "^" + std::to_string(version));
    set(made.study, Level::Study, tags::StudyDate,
        std::to_string(2020 + study / 12 % 2) + padded(1 + study % 12, 2) +
            padded(1 + study % 28, 2));
    set(made.study, Level::Study, tags::StudyTime, "101530.25");
    set(made.study, Level::Study, tags::StudyDescription, "CT THORAX");
    set(made.series, Level::Series, tags::Modality, "CT");
    set(made.series, Level::Series, tags::Manufacturer, "MAKER");
    for (int i = 0; i < kInstances; ++i) {
        Values values;
        set(values, Level::Instance, tags::SOPClassUID, "1.2.840.10008.5.1.4.1.1.2");
        set(values, Level::Instance, tags::InstanceNumber, std::to_string(i + 1));
        set(values, Level::Instance, tags::AcquisitionTime, "1015" + padded(i % 60, 2) + ".5");
        set(values, Level::Instance, tags::ImagePositionPatient,
            "-158.135\\-179.035\\" + std::to_string(-75.7 - 1.25 * i));
        set(values, Level::Instance, tags::ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
        set(values, Level::Instance, tags::SliceLocation, std::to_string(-75.7 - 1.25 * i));
        set(values, Level::Instance, tags::PixelSpacing, "0.661468\\0.661468");
        for (const auto tag : {tags::Rows, tags::Columns}) {
            set(values, Level::Instance, tag, "512");
        }
        set(values, Level::Instance, tags::BitsAllocated, "16");
        set(values, Level::Instance, tags::WindowCenter, "40\\600");
        set(values, Level::Instance, tags::RescaleSlope, "1");
        made.instances.push_back(
            {.sop_instance_uid = made.series_instance_uid + "." + std::to_string(i),
             .values = std::move(values)});
    }
    return made;
}

double seconds_since(steady_clock::time_point start) {
    return std::chrono::duration<double>(steady_clock::now() - start).count();
}

void write_all_of(Target& target, const std::vector<ImageSetDocument>& documents) {
    for (auto& outcome : target.apply_batch(documents)) must_be(std::move(outcome));
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void bulk(const char* what, Target& target, std::int64_t version) {
    const auto limits = target.batch_limits();
    const auto in_batch = std::min(limits.documents_max, limits.instances_max / kInstances);
    double seconds = 0;
    double processor = 0;
    for (int number = 0; number < kSets;) {
        std::vector<ImageSetDocument> documents;
        for (; number < kSets && documents.size() < in_batch; ++number) {
            documents.push_back(document(number, version, version * kSets + number));
        }
        const auto start = steady_clock::now();
        const double before = processor_seconds();
        write_all_of(target, documents);
        seconds += seconds_since(start);
        processor += processor_seconds() - before;
    }
    std::printf("%s: %.0f instances/s, %.0f in a second of a processor\n", what,
                kSets * kInstances / seconds, kSets * kInstances / processor);
    std::fflush(stdout);
}

std::vector<double> stream(Target& target, int seconds) {
    const auto window = target.batch_limits().window;
    std::vector<double> took;
    const auto start = steady_clock::now();
    int sent = 0;
    while (sent < seconds * kSetsASecond) {
        std::this_thread::sleep_for(window);
        const int due = std::min(static_cast<int>(seconds_since(start) * kSetsASecond),
                                 seconds * kSetsASecond);
        std::vector<ImageSetDocument> documents;
        const int first = sent;
        for (; sent < due; ++sent) {
            documents.push_back(document(10'000 + sent, 1, 10'000 + sent));
        }
        write_all_of(target, documents);
        for (int i = first; i < sent; ++i) {
            took.push_back(seconds_since(start) - static_cast<double>(i) / kSetsASecond);
        }
    }
    std::ranges::sort(took);
    return took;
}

void print_files(const std::filesystem::path& lake) {
    const auto manifest = must_be(
        lake::parse_manifest(must_be(read_file(lake / lake::kPublicManifest, 1 << 30))));
    std::map<std::pair<lake::Table, std::string>, int> files;
    std::int64_t bytes = 0;
    std::int64_t rows = 0;
    int most = 0;
    for (const auto& file : manifest.files) {
        most = std::max(most, ++files[{file.table, file.month}]);
        if (file.table != lake::Table::Instance) continue;
        bytes += file.bytes;
        rows += file.rows;
    }
    std::printf(
        "%lld instances in %.1f bytes each; %zu files in %zu partitions, at most %d in one\n",
        static_cast<long long>(rows), static_cast<double>(bytes) / static_cast<double>(rows),
        manifest.files.size(), files.size(), most);
}

}  // namespace

int main(int argc, char** argv) {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
    const auto folder =
        (argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::temp_directory_path()) /
        ("larmor-lake-bench-" + random_id());
    const auto target =
        must_be(lake::open_lake({.place = folder / "lake", .scratch = folder / "scratch"}));
    must_be(target->wanted());
    bulk("new", *target, 1);
    bulk("every row changed", *target, 2);
    const auto took = stream(*target, seconds);
    const auto at = [&](double share) {
        return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))];
    };
    std::printf(
        "%d image sets/s of %d instances for %d s: visible after p50 %.2f s, p99 %.2f s, at "
        "most %.2f s\n",
        kSetsASecond, kInstances, seconds, at(0.5), at(0.99), at(1));
    print_files(folder / "lake");
    std::filesystem::remove_all(folder);
    return 0;
}
