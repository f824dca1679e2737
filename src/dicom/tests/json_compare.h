#pragma once
// DICOM JSON of two makers, compared by meaning.
#include <string>
#include <string_view>
#include <vector>

namespace larmor::dicom::test {

struct JsonDifference {
    std::string path;  ///< `00081115/1/0020000E`
    std::string ours;  ///< the form of the data element, empty when it is missing
    std::string theirs;
};

/// What counts as the same although it is spelt differently.
struct JsonComparison {
    /// Numbers may differ by this part of their size: for a maker who rounds.
    double tolerance = 0;
};

/// Every data element of two objects (or array elements) of the DICOM JSON model that differs:
/// - numbers by value, FL as the float that it was;
/// - (0008,0005) is the same when ours is ISO_IR 192 and theirs is there: text is UTF-8;
/// - the deepest data element that differs is named, not the sequence around it.
/// Throws simdjson::simdjson_error for what is no JSON.
std::vector<JsonDifference> compare_json(std::string_view ours, std::string_view theirs,
                                         const JsonComparison& comparison = {});

/// A row of testdata/json_differences.tsv: each column but the last may have `*` for anything.
struct ExpectedDifference {
    std::string oracle;
    std::string file;  ///< its name without folders
    std::string path;  ///< of the data element
    std::string ours;
    std::string theirs;
    std::string why;  ///< the sentence that settles it
    std::size_t line = 0;
    std::size_t used = 0;
};
std::vector<ExpectedDifference> read_expected_differences(const std::string& path);

/// The row for this difference, or nullptr.
ExpectedDifference* find_expected(std::vector<ExpectedDifference>& rows,
                                  std::string_view oracle, std::string_view file,
                                  const JsonDifference& difference);

}  // namespace larmor::dicom::test
