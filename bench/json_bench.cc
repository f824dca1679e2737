// CT files to DICOM JSON, in process, on one core: ours from the bytes of the file, beside
// DCMTK's DcmDataset::writeJson alone (the data set parsed before) and DCMTK's parsing and
// writing. The three take turns within each round; what is printed are medians over the rounds,
// of the times and of the ratios within a round. Processor time, so that other programs on the
// machine disturb less.
//
// Both sides write the same members: Pixel Data as a BulkDataURI, every other binary value
// inline, no group lengths. DCMTK writes compactly, to an ostringstream that is kept. Ours also
// runs as the product is configured (binary values over 1 KiB as URI), for information.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// DCMTK wants its configuration first.
#include <dcmtk/config/osconfig.h>
// The rest of DCMTK.
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcjson.h>
#include <dcmtk/dcmdata/dctk.h>

#include "base/file.h"
#include "dicom/file.h"
#include "dicom/json_write.h"
#include "dicom/values.h"

namespace {

using larmor::as_bytes;

constexpr int kRounds = 15;
constexpr double kRoundSeconds = 0.15;  // a variant in a round

struct Input {
    std::string name;
    std::string bytes;
    std::unique_ptr<DcmFileFormat> parsed;
};

class PixelDataApart : public DcmJsonFormatCompact {
public:
    PixelDataApart() : DcmJsonFormatCompact(OFTrue) {}
    OFBool asBulkDataURI(const DcmTagKey& tag, OFString& uri) override {
        if (tag != DCM_PixelData) return OFFalse;
        uri = "/bulkdata/7FE00010";
        return OFTrue;
    }
};

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::size_t ours(const Input& input, const larmor::dicom::JsonWriteOptions& options,
                 std::string& out) {
    const auto file = larmor::dicom::open_file(as_bytes(input.bytes));
    LARMOR_CHECK(file.has_value());
    out.clear();
    LARMOR_CHECK(
        larmor::dicom::write_json(out, file->data_set, file->encoding, options).has_value());
    return out.size();
}

std::size_t dcmtk_write(DcmDataset& data_set, std::ostringstream& out) {
    PixelDataApart format;
    out.str({});
    LARMOR_CHECK(data_set.writeJson(out, format).good());
    return static_cast<std::size_t>(out.tellp());
}

std::unique_ptr<DcmFileFormat> dcmtk_parse(const std::string& bytes) {
    DcmInputBufferStream stream;
    stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    stream.setEos();
    auto file = std::make_unique<DcmFileFormat>();
    file->transferInit();
    const bool good = file->read(stream).good();
    file->transferEnd();
    return good ? std::move(file) : nullptr;
}

/// Nanoseconds a file: as many passes over all inputs as fill the time of a round.
template <typename Pass>
double measure(const std::vector<Input>& inputs, Pass&& pass) {
    std::size_t passes = 0;
    const double start = processor_seconds();
    double elapsed = 0;
    do {
        for (const Input& input : inputs) pass(input);
        ++passes;
        elapsed = processor_seconds() - start;
    } while (elapsed < kRoundSeconds);
    return elapsed * 1e9 / static_cast<double>(passes * inputs.size());
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values,
                             values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

/// What can be read on both sides: DCMTK gives up on encapsulated pixel data, and inflating
/// would hide what is measured.
std::vector<Input> load(const std::vector<std::string>& names) {
    std::vector<Input> inputs;
    for (const std::string& name : names) {
        auto bytes = larmor::read_file(name, 1ULL << 30);
        if (!bytes) continue;
        const auto file = larmor::dicom::open_file(as_bytes(*bytes));
        const bool native = file && file->transfer_syntax != nullptr &&
                            !file->transfer_syntax->encapsulated &&
                            !file->transfer_syntax->deflated;
        if (!native) continue;
        const auto attributes = larmor::dicom::Attributes::read(file->data_set, file->encoding);
        if (!attributes || attributes->text({0x0008, 0x0060}) != "CT") continue;
        auto parsed = dcmtk_parse(*bytes);
        std::ostringstream out;
        if (!parsed || dcmtk_write(*parsed->getDataset(), out) == 0) continue;
        inputs.push_back({name, std::move(*bytes), std::move(parsed)});
    }
    return inputs;
}

void run(const char* title, const std::vector<Input>& inputs) {
    larmor::dicom::JsonWriteOptions same;
    same.bulk_data_uri = larmor::dicom::bulk_data_uri_under("");
    same.inline_max_bytes = SIZE_MAX;
    larmor::dicom::JsonWriteOptions product;
    product.bulk_data_uri = larmor::dicom::bulk_data_uri_under("");

    std::string buffer;
    std::ostringstream stream;
    std::size_t our_size = 0;
    std::size_t their_size = 0;
    std::size_t file_size = 0;
    for (const Input& input : inputs) {
        our_size += ours(input, same, buffer);
        their_size += dcmtk_write(*input.parsed->getDataset(), stream);
        file_size += input.bytes.size();
    }

    std::vector<double> own, configured, write, both, write_ratio, both_ratio;
    for (int round = 0; round < kRounds; ++round) {
        own.push_back(measure(inputs, [&](const Input& i) { ours(i, same, buffer); }));
        write.push_back(measure(
            inputs, [&](const Input& i) { dcmtk_write(*i.parsed->getDataset(), stream); }));
        both.push_back(measure(inputs, [&](const Input& i) {
            const auto parsed = dcmtk_parse(i.bytes);
            dcmtk_write(*parsed->getDataset(), stream);
        }));
        configured.push_back(
            measure(inputs, [&](const Input& i) { ours(i, product, buffer); }));
        write_ratio.push_back(write.back() / own.back());
        both_ratio.push_back(both.back() / own.back());
    }

    const auto count = static_cast<double>(inputs.size());
    std::printf("\n%s: %zu files of %.0f KiB; JSON of %.1f KiB (DCMTK: %.1f KiB)\n\n", title,
                inputs.size(), static_cast<double>(file_size) / count / 1024,
                static_cast<double>(our_size) / count / 1024,
                static_cast<double>(their_size) / count / 1024);
    std::printf("| what | us a file | ours is faster by |\n| --- | ---: | ---: |\n");
    std::printf("| ours: parse and write | %.2f | |\n", median(own) / 1000);
    std::printf("| ours as the product is configured | %.2f | |\n", median(configured) / 1000);
    std::printf("| DCMTK %s: writeJson alone | %.2f | %.1fx |\n", PACKAGE_VERSION,
                median(write) / 1000, median(write_ratio));
    std::printf("| DCMTK %s: parse and writeJson | %.2f | %.1fx |\n", PACKAGE_VERSION,
                median(both) / 1000, median(both_ratio));
}

std::vector<std::string> files_under(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
        if (entry.is_regular_file()) names.push_back(entry.path().string());
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace

int main(int argc, char** argv) {
    OFLog::configure(OFLogger::FATAL_LOG_LEVEL);
    const std::filesystem::path shared = LARMOR_SOURCE_DIR "/../shared/data/dicom";
    if (argc > 1) {
        const auto inputs = load(files_under(argv[1]));
        if (inputs.empty()) return std::fprintf(stderr, "no CT file in %s\n", argv[1]), 1;
        run(argv[1], inputs);
        return 0;
    }
    if (!std::filesystem::exists(shared)) {
        std::fprintf(stderr, "no %s: measuring pydicom's test files instead\n", shared.c_str());
        run("CT files that python3-pydicom installs",
            load(files_under("/usr/lib/python3/dist-packages/pydicom/data/test_files")));
        return 0;
    }
    run("one head CT (series/ct-head-tilted-58)",
        load(files_under(shared / "series/ct-head-tilted-58")));
    run("all native CT files of the data set", load(files_under(shared)));
    return 0;
}
