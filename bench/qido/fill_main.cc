// Fills an empty library's catalog with studies that nobody stored, through the code that an
// import calls, so that searches can be measured at the size of a hospital:
//
//     bench_qido_fill --library FOLDER --instances 1000000
//
// 25 instances a series, 4 series a study, unless options say otherwise. Names, dates and
// modalities are spread by a seeded generator: about 20,000 names, ten years of dates, of the
// modalities CT on two of five series down to one in a thousand for XA. The instances have no
// bytes: only searches work on them.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <random>

#include "catalog/catalog.h"
#include "library/library.h"

namespace {

using namespace larmor;

struct Shape {
    int instances = 1'000'000;
    int instances_of_series = 25;
    int series_of_study = 4;
    /// Of one transaction: what an import under load makes.
    int studies_of_group() const {
        return std::max(1, 1000 / (instances_of_series * series_of_study));
    }
    int studies() const { return instances / (instances_of_series * series_of_study); }
};

constexpr std::array kFamilies = {"Schmidt", "Müller", "Garcia", "Nguyen", "Okafor",
                                  "Larsen",  "Kim",    "Rossi",  "Novák",  "Silva"};
constexpr std::array kGiven = {"Anna", "Maria", "Peter", "Jean", "Ivan",
                               "Luca", "Sofia", "Noah",  "Emma", "Omar"};
struct Share {
    const char* modality;
    double upto;
};
constexpr Share kModalities[] = {{"CT", 0.4},  {"MR", 0.65},  {"US", 0.8},
                                 {"CR", 0.95}, {"PT", 0.999}, {"XA", 1.0}};

class Maker {
public:
    catalog::InstanceRecord study(int number) {
        const auto of = [](const auto& list, unsigned index) {
            return std::string(list[index % list.size()]);
        };
        catalog::InstanceRecord record;
        record.study.study_instance_uid = "1.2.826.0.1." + std::to_string(number);
        record.patient.patient_id = "PAT" + std::to_string(number / 2);
        // Two hundred endings make 20,000 names of a hundred pairs.
        record.patient.patient_name = of(kFamilies, random_()) +
                                      std::to_string(random_() % 200) + '^' +
                                      of(kGiven, random_());
        record.patient.patient_birth_date = "19700101";
        record.patient.patient_sex = number % 2 == 0 ? "F" : "M";
        char date[9];
        std::snprintf(date, sizeof date, "%04u%02u%02u", 2015 + random_() % 10,
                      1 + random_() % 12, 1 + random_() % 28);
        record.study.study_date = date;
        char time[7];
        std::snprintf(time, sizeof time, "%02u%02u%02u", random_() % 24, random_() % 60,
                      random_() % 60);
        record.study.study_time = time;
        record.study.accession_number = "ACC" + std::to_string(number);
        record.study.referring_physician_name = of(kFamilies, random_()) + "^Dr";
        record.study.study_id = std::to_string(number);
        record.study.study_description = "Study of the bench";
        return record;
    }
    void series(catalog::InstanceRecord& record, int number) {
        record.series = {};
        record.series.series_instance_uid =
            record.study.study_instance_uid + "." + std::to_string(number);
        const double share = std::uniform_real_distribution<>(0, 1)(random_);
        for (const Share& one : kModalities) {
            record.series.modality = one.modality;
            if (share < one.upto) break;
        }
        record.series.series_number = number;
        record.series.series_description = "Series of the bench";
        record.series.performed_procedure_step_start_date = record.study.study_date;
        record.series.performed_procedure_step_start_time = record.study.study_time;
        record.series.requests = {
            {"SPS" + record.study.study_id, "RP" + record.study.study_id}};
    }
    static void instance(catalog::InstanceRecord& record, int number) {
        record.instance.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
        record.instance.sop_instance_uid =
            record.series.series_instance_uid + "." + std::to_string(number);
        record.instance.instance_number = number;
        record.instance.rows = 512;
        record.instance.columns = 512;
        record.instance.bits_allocated = 16;
        record.file.object = objects::ObjectId{1};
        record.file.transfer_syntax_uid = "1.2.840.10008.1.2.1";
        record.file.size_bytes = 526'000;
    }

private:
    std::mt19937 random_{4258};
};

Result<void> insert_study(catalog::Catalog& catalog, db::Transaction& tx, Maker& maker,
                          const Shape& shape, int number) {
    auto record = maker.study(number);
    for (int series = 1; series <= shape.series_of_study; ++series) {
        maker.series(record, series);
        for (int instance = 1; instance <= shape.instances_of_series; ++instance) {
            Maker::instance(record, instance);
            TRY(const auto outcome, catalog.insert_instance(tx, record));
            // Preprocessing would look for bytes that are not there.
            TRY_VOID(catalog.record_preprocess_failure(tx, outcome.row, "a row of the bench"));
        }
    }
    return {};
}

Result<void> fill(const std::string& folder, const Shape& shape) {
    TRY(const auto library, Library::open({.folder = folder}));
    Maker maker;
    const int studies = shape.studies();
    const int group = shape.studies_of_group();
    for (int first = 0; first < studies; first += group) {
        TRY_VOID(library->database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
            for (int i = first; i < std::min(first + group, studies); ++i) {
                TRY_VOID(insert_study(library->catalog(), tx, maker, shape, i));
            }
            return {};
        }));
    }
    std::printf("%d studies, %d instances\n", studies,
                studies * shape.instances_of_series * shape.series_of_study);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("fills a catalog for the bench of searches");
    std::string folder;
    Shape shape;
    app.add_option("--library", folder)->required();
    app.add_option("--instances", shape.instances)->check(CLI::PositiveNumber);
    app.add_option("--instances-of-series", shape.instances_of_series)
        ->check(CLI::PositiveNumber);
    app.add_option("--series-of-study", shape.series_of_study)->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    if (const auto filled = fill(folder, shape); !filled) {
        std::fprintf(stderr, "%s\n", filled.error().message.c_str());
        return 1;
    }
    return 0;
}
