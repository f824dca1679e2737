// Fills an embedded search index with image sets that no catalog has, as fast as it takes them,
// so that searches can be measured at the size of a hospital:
//
//     bench_search_fill --file LIBRARY/search.sqlite --instances 1000000
//
// 100 instances an image set (or --instances-of-set), 4 image sets a study, names, dates and
// modalities as bench_qido_fill spreads them. Prints how many instances it wrote a second; what
// makes the documents runs before the clock.
#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include "dicom/tags.h"
#include "index/search/embedded/embedded_index.h"

namespace {

using namespace larmor;
using index::ImageSetDocument;
using index::Level;
namespace tags = dicom::tags;

constexpr int kSetsOfStudy = 4;
/// Documents that are made at a time, outside of what is measured.
constexpr int kBatch = 400;

constexpr std::array kFamilies = {"Schmidt", "Müller", "Garcia", "Nguyen", "Okafor",
                                  "Larsen",  "Kim",    "Rossi",  "Novák",  "Silva"};
constexpr std::array kGiven = {"Anna", "Maria", "Peter", "Jean", "Ivan",
                               "Luca", "Sofia", "Noah",  "Emma", "Omar"};
constexpr std::array kParts = {"CHEST", "ABDOMEN", "HEAD", "KNEE", "HAND"};
constexpr std::array kProtocols = {"routine", "contrast", "low dose", "follow up", "perfusion"};
constexpr std::array kInstitutions = {"North Clinic", "South Clinic", "Harbour Hospital"};
struct Share {
    const char* modality;
    double upto;
};
constexpr Share kModalities[] = {{"CT", 0.4},  {"MR", 0.65},  {"US", 0.8},
                                 {"CR", 0.95}, {"PT", 0.999}, {"XA", 1.0}};

class Maker {
public:
    explicit Maker(int instances_of_set)
        : wanted_(index::search::wanted_fields()), instances_of_set_(instances_of_set) {}

    ImageSetDocument set(int number) {
        if (number % kSetsOfStudy == 0) begin_study(number / kSetsOfStudy);
        ImageSetDocument made;
        made.wanted = wanted_;
        made.datastore_id = std::string(32, 'd');
        char id[33];
        std::snprintf(id, sizeof id, "%032x", number);
        made.image_set_id = id;
        made.version = 1;
        made.as_of = {1, number + 1};
        made.study_instance_uid = study_uid_;
        made.series_instance_uid = study_uid_ + "." + std::to_string(number % kSetsOfStudy);
        for (const Level level : {Level::Patient, Level::Study, Level::Series}) {
            auto& values = level == Level::Patient ? made.patient
                           : level == Level::Study ? made.study
                                                   : made.series;
            for (const auto tag : wanted_.at(level)) values.push_back(value(tag, made));
        }
        for (int i = 1; i <= instances_of_set_; ++i)
            made.instances.push_back(instance(made, i));
        return made;
    }

private:
    template <typename List>
    std::string of(const List& list) {
        return list[random_() % list.size()];
    }
    void begin_study(int number) {
        study_uid_ = "1.2.826.0.1." + std::to_string(number);
        patient_id_ = "PAT" + std::to_string(number / 2);
        accession_ = "ACC" + std::to_string(number);
        name_ = of(kFamilies) + std::to_string(random_() % 200) + '^' + of(kGiven);
        sex_ = random_() % 2 == 0 ? "F" : "M";
        char date[9];
        std::snprintf(date, sizeof date, "%04u%02u%02u",
                      static_cast<unsigned>(2015 + random_() % 10),
                      static_cast<unsigned>(1 + random_() % 12),
                      static_cast<unsigned>(1 + random_() % 28));
        date_ = date;
        physician_ = of(kFamilies) + "^Dr";
        part_ = of(kParts);
        institution_ = of(kInstitutions);
        station_ = "ST" + std::to_string(random_() % 20);
    }
    std::string modality() {
        const double share = std::uniform_real_distribution<>(0, 1)(random_);
        for (const Share& one : kModalities) {
            if (share < one.upto) return one.modality;
        }
        return "XA";
    }
    std::optional<std::string> value(dicom::Tag tag, const ImageSetDocument& made) {
        if (tag == tags::PatientID) return patient_id_;
        if (tag == tags::PatientName) return name_;
        if (tag == tags::PatientSex) return sex_;
        if (tag == tags::PatientBirthDate) return "19700101";
        if (tag == tags::StudyInstanceUID) return study_uid_;
        if (tag == tags::StudyDate || tag == tags::SeriesDate) return date_;
        if (tag == tags::StudyTime) return "101112";
        if (tag == tags::AccessionNumber) return accession_;
        if (tag == tags::ReferringPhysicianName) return physician_;
        if (tag == tags::StudyDescription) return part_ + " of the bench";
        if (tag == tags::SeriesInstanceUID) return made.series_instance_uid;
        if (tag == tags::Modality) return modality();
        if (tag == tags::SeriesNumber)
            return made.series_instance_uid.substr(made.series_instance_uid.rfind('.') + 1);
        if (tag == tags::SeriesDescription || tag == tags::ProtocolName) return of(kProtocols);
        if (tag == tags::BodyPartExamined) return part_;
        if (tag == tags::Manufacturer) return "Maker of scanners";
        if (tag == tags::InstitutionName) return institution_;
        if (tag == tags::StationName) return station_;
        return std::nullopt;
    }
    index::InstanceDocument instance(const ImageSetDocument& made, int number) const {
        index::InstanceDocument one;
        one.sop_instance_uid = made.series_instance_uid + "." + std::to_string(number);
        for (const auto tag : wanted_.at(Level::Instance)) {
            if (tag == tags::SOPInstanceUID) {
                one.values.emplace_back(one.sop_instance_uid);
            } else if (tag == tags::SOPClassUID) {
                one.values.emplace_back("1.2.840.10008.5.1.4.1.1.2");
            } else if (tag == tags::InstanceNumber) {
                one.values.emplace_back(std::to_string(number));
            } else if (tag == tags::NumberOfFrames) {
                one.values.emplace_back();
            } else {
                one.values.emplace_back("512");
            }
        }
        return one;
    }

    const index::Wanted wanted_;
    const int instances_of_set_;
    std::mt19937 random_{4258};
    std::string study_uid_, patient_id_, name_, sex_, date_, physician_, part_;
    std::string accession_, institution_, station_;
};

Result<void> apply_all(index::search::SearchIndex& search,
                       const std::vector<ImageSetDocument>& documents, int threads) {
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> failed = false;
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
        workers.emplace_back([&] {
            for (auto at = next++; at < documents.size(); at = next++) {
                if (!search.apply(documents[at])) failed = true;
            }
        });
    }
    workers.clear();
    if (failed) return fail(ErrorCode::Unavailable, "a document was not taken");
    return {};
}

Result<void> fill(const std::string& file, int instances, int instances_of_set, int threads) {
    using Clock = std::chrono::steady_clock;
    TRY(const auto search, index::search::embedded::open_embedded_index(file));
    Maker maker(instances_of_set);
    std::chrono::duration<double> spent{};
    const int sets = instances / instances_of_set;
    for (int first = 0; first < sets; first += kBatch) {
        std::vector<ImageSetDocument> documents;
        for (int i = first; i < std::min(first + kBatch, sets); ++i) {
            documents.push_back(maker.set(i));
        }
        const auto started = Clock::now();
        TRY_VOID(apply_all(*search, documents, threads));
        spent += Clock::now() - started;
    }
    const int written = sets * instances_of_set;
    std::printf("%d instances, %d image sets, %.1f s, %.0f instances/s\n", written, sets,
                spent.count(), written / spent.count());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("fills an embedded search index for the bench of searches");
    std::string file;
    int instances = 1'000'000;
    int instances_of_set = 100;
    int threads = 4;
    app.add_option("--file", file)->required();
    app.add_option("--instances", instances)->check(CLI::PositiveNumber);
    app.add_option("--instances-of-set", instances_of_set)->check(CLI::PositiveNumber);
    app.add_option("--threads", threads, "documents at a time, as --index-concurrency");
    CLI11_PARSE(app, argc, argv);
    if (const auto filled = fill(file, instances, instances_of_set, threads); !filled) {
        std::fprintf(stderr, "%s\n", filled.error().message.c_str());
        return 1;
    }
    return 0;
}
