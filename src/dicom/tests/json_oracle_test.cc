// Every file that we have, as DICOM JSON, against pydicom and dcm2json, and back.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/tests/run_command.h"
#include "dicom/file.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "dicom/tests/codec_test_data.h"
#include "dicom/tests/json_compare.h"

namespace larmor::dicom {
namespace {

namespace fs = std::filesystem;
constexpr const char* kDifferences = LARMOR_SOURCE_DIR "/testdata/json_differences.tsv";
/// As json_oracle.py.
constexpr std::size_t kInlineMax = 768;

struct TemporaryFolder {
    fs::path path = fs::temp_directory_path() / ("larmor_json_" + std::to_string(::getpid()));
    TemporaryFolder() { fs::create_directories(path); }
    ~TemporaryFolder() { fs::remove_all(path); }
};

std::string digest_uri(Bytes value) {
    return "sha256:" + to_hex(sha256(value)) + ":" + std::to_string(value.size());
}
/// With large values as their digest, so that comparing costs little; `values` keeps them.
std::string digested_json(const File& file, std::map<std::string, BulkData>& values) {
    JsonWriteOptions options;
    options.inline_max_bytes = kInlineMax;
    options.bulk_data_uri = [&](std::string& out, const BulkValue& value) {
        const std::string uri = digest_uri(value.value);
        values[uri] = {{value.value.begin(), value.value.end()}, value.encapsulated};
        out += uri;
    };
    std::string json;
    const auto done = write_json(json, file.data_set, file.encoding, options);
    return done ? json : "error: " + done.error().message;
}

/// Runs `command` with the files' names on its standard input.
bool run_with_names(const std::string& command, const std::vector<fs::path>& files) {
    std::FILE* pipe = ::popen(command.c_str(), "w");
    if (pipe == nullptr) return false;
    for (const auto& file : files) std::fprintf(pipe, "%s\n", file.c_str());
    return ::pclose(pipe) == 0;
}

bool has_every_file() {
    return fs::exists(test::kSharedFiles);
}

/// Reports what no row allows; prints it in the form of a row.
void report(std::string_view oracle, const fs::path& file,
            const test::JsonDifference& difference,
            std::vector<test::ExpectedDifference>& expected) {
    if (find_expected(expected, oracle, file.filename().string(), difference) != nullptr)
        return;
    ADD_FAILURE() << oracle << '\t' << file.filename().string() << '\t' << difference.path
                  << '\t' << difference.ours.substr(0, 300) << '\t'
                  << difference.theirs.substr(0, 300);
}

void expect_every_row_used(std::string_view oracle,
                           const std::vector<test::ExpectedDifference>& expected) {
    if (!has_every_file()) return;  // the rows are about all files
    for (const auto& row : expected) {
        if (row.oracle != oracle) continue;
        EXPECT_GT(row.used, 0U) << kDifferences << ":" << row.line << " is not needed any more";
        EXPECT_FALSE(row.why.empty()) << kDifferences << ":" << row.line << " says no reason";
    }
}

TEST(JsonOracle, EqualsPydicomButForTheListedDifferences) {
    const TemporaryFolder folder;
    const auto answers = folder.path / "pydicom.ndjson";
    const auto files = test::dicom_files();
    ASSERT_TRUE(run_with_names("/usr/bin/python3 " LARMOR_SOURCE_DIR
                               "/src/dicom/tests/json_oracle.py write > " +
                                   answers.string(),
                               files));
    auto expected = test::read_expected_differences(kDifferences);
    std::ifstream lines(answers);
    simdjson::dom::parser parser;
    std::size_t compared = 0;
    for (const auto& path : files) {
        std::string line;
        ASSERT_TRUE(std::getline(lines, line)) << "pydicom stopped before " << path;
        const auto mapped = MappedFile::open(path);
        ASSERT_TRUE(mapped);
        const auto file = open_file(mapped->bytes());
        std::map<std::string, BulkData> values;
        const std::string ours =
            file ? digested_json(*file, values) : "error: " + file.error().message;
        const auto begin = line.find("\"data_set\": ");
        const bool theirs_failed = begin == std::string::npos;
        if (ours.starts_with("error: ") || theirs_failed) {
            if (!ours.starts_with("error: ") || !theirs_failed) {
                report("pydicom", path,
                       {"", ours.starts_with("error: ") ? ours : "read",
                        theirs_failed ? line.substr(line.find("\"error\"")) : "read"},
                       expected);
            }
            continue;
        }
        const std::string_view theirs =
            std::string_view(line).substr(begin + 12, line.size() - begin - 13);
        for (const auto& difference : test::compare_json(ours, theirs)) {
            report("pydicom", path, difference, expected);
        }
        ++compared;
    }
    expect_every_row_used("pydicom", expected);
    EXPECT_GT(compared, has_every_file() ? 540U : 60U);
    std::cout << compared << " of " << files.size() << " files compared with pydicom\n";
}

TEST(JsonOracle, EqualsDcm2jsonWhereThatSucceeds) {
    const TemporaryFolder folder;
    const auto files = test::dicom_files();
    // Two at a time; one without an answer is one that dcm2json does not write.
    ASSERT_TRUE(run_with_names("cd " + folder.path.string() +
                                   " && awk '{print NR\".json\"; print}' | tr '\\n' '\\0' | "
                                   "xargs -0 -n 2 -P 2 sh -c 'dcm2json -q -fc \"$1\" \"$0\" "
                                   "2> /dev/null || rm -f \"$0\"'; true",
                               files));
    auto expected = test::read_expected_differences(kDifferences);
    std::size_t compared = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto answer =
            read_file(folder.path / (std::to_string(i + 1) + ".json"), 1U << 30);
        if (!answer) continue;
        const auto mapped = MappedFile::open(files[i]);
        const auto file = open_file(mapped->bytes());
        std::string ours;
        if (!file || !write_json(ours, file->data_set, file->encoding)) continue;
        try {
            // dcm2json prints doubles with an error in the last of 17 digits.
            for (const auto& difference :
                 test::compare_json(ours, *answer, {.tolerance = 1e-14})) {
                report("dcm2json", files[i], difference, expected);
            }
            ++compared;
        } catch (const simdjson::simdjson_error& error) {
            // Text that dcm2json did not convert is not UTF-8.
            report("dcm2json", files[i], {"", "read", error.what()}, expected);
        }
    }
    expect_every_row_used("dcm2json", expected);
    EXPECT_GT(compared, has_every_file() ? 450U : 30U) << "needs dcm2json (Debian: dcmtk)";
    std::cout << compared << " of " << files.size() << " files compared with dcm2json\n";
}

TEST(JsonOracle, ReadsBackWhatItWritesAndWritesTheSameAgain) {
    auto expected = test::read_expected_differences(kDifferences);
    std::size_t count = 0;
    for (const auto& path : test::dicom_files()) {
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        if (!file) continue;
        std::map<std::string, BulkData> values;
        const std::string json = digested_json(*file, values);
        if (json.starts_with("error: ")) continue;
        const auto data_set =
            read_json(json, {.bulk_data = [&](const BulkDataReference& at) -> Result<BulkData> {
                          return values.at(std::string(at.uri));
                      }});
        ASSERT_TRUE(data_set) << path << ": " << data_set.error().message;
        File again;
        again.data_set = *data_set;
        again.encoding = kExplicitLittle;
        for (const auto& difference : test::compare_json(digested_json(again, values), json)) {
            report("again", path, difference, expected);
        }
        ++count;
    }
    expect_every_row_used("again", expected);
    EXPECT_GT(count, has_every_file() ? 540U : 60U);
}

// Both ways once more by another's reader: pydicom takes our JSON, and what it then holds is
// what it reads from the file.
TEST(JsonOracle, IsReadByPydicom) {
    const TemporaryFolder folder;
    const auto ours = folder.path / "ours.ndjson";
    std::ofstream out(ours);
    std::size_t count = 0;
    for (const auto& path : test::dicom_files()) {
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        std::map<std::string, BulkData> values;
        if (!file) continue;
        const std::string json = digested_json(*file, values);
        if (json.starts_with("error: ")) continue;
        out << R"({"file": ")" << path.string() << R"(", "data_set": )" << json << "}\n";
        ++count;
    }
    out.close();
    const auto answers = folder.path / "differences.tsv";
    ASSERT_EQ(larmor::test::run_command("/usr/bin/python3 " LARMOR_SOURCE_DIR
                                        "/src/dicom/tests/json_oracle.py read < " +
                                        ours.string() + " > " + answers.string()),
              0);
    auto expected = test::read_expected_differences(kDifferences);
    std::ifstream lines(answers);
    std::string line;
    while (std::getline(lines, line) && line != "end") {
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        report("from_json", line.substr(0, first),
               {line.substr(first + 1, second - first - 1), "", line.substr(second + 1)},
               expected);
    }
    EXPECT_EQ(line, "end") << "pydicom stopped";
    expect_every_row_used("from_json", expected);
    EXPECT_GT(count, has_every_file() ? 540U : 60U);
}

}  // namespace
}  // namespace larmor::dicom
