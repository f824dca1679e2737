#include "workers/steps/import_parameters.h"

#include <simdjson.h>

#include <array>

#include "base/json_text.h"
#include "base/percent.h"

namespace larmor::workers {
namespace {

constexpr std::size_t kPathsMax = 1000;

/// The numbers of a checkpoint by their names, in both directions.
template <typename Checkpoint>
auto numbers_of(Checkpoint& checkpoint) {
    auto& tally = checkpoint.tally;
    return std::array{std::pair("members", &checkpoint.position.members),
                      std::pair("files", &checkpoint.files),
                      std::pair("files_total", &checkpoint.total.files),
                      std::pair("bytes_total", &checkpoint.total.bytes),
                      std::pair("imported", &tally.imported),
                      std::pair("duplicates", &tally.duplicates),
                      std::pair("alternates", &tally.alternates),
                      std::pair("conflicts", &tally.conflicts),
                      std::pair("rejected", &tally.rejected),
                      std::pair("bytes", &tally.bytes),
                      std::pair("bytes_passed", &tally.bytes_passed)};
}
/// Those in front of these are no result.
constexpr std::size_t kResultNumbers = 4;

void append_number(std::string& json, const char* name, std::uint64_t number) {
    json += json.back() == '{' ? "\"" : ",\"";
    json += name;
    json += "\":" + std::to_string(number);
}

tl::unexpected<Error> wrong(std::string_view member, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                "the parameter " + std::string(member) + " is " + std::string(what));
}

Result<std::vector<std::filesystem::path>> parse_paths(simdjson::dom::element value) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS || array.size() == 0 ||
        array.size() > kPathsMax) {
        return wrong("paths", "an array of 1 to 1000 absolute paths on the server");
    }
    std::vector<std::filesystem::path> paths;
    for (const auto element : array) {
        std::string_view text;
        if (element.get(text) != simdjson::SUCCESS || !text.starts_with('/') ||
            text.find('\0') != std::string_view::npos) {
            return wrong("paths", "an array of absolute paths on the server");
        }
        paths.emplace_back(text);
    }
    return paths;
}

Result<Report> parse_report(simdjson::dom::element value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
        if (text == "none") return Report::None;
        if (text == "problems") return Report::Problems;
        if (text == "all") return Report::All;
    }
    return wrong("report", "none, problems or all");
}

Result<std::string> text_in(simdjson::dom::object object, const char* name) {
    std::string_view text;
    if (object[name].get(text) != simdjson::SUCCESS) {
        return fail(ErrorCode::Corrupt,
                    "the checkpoint of an import lacks " + std::string(name));
    }
    return percent_decode(text);
}

}  // namespace

Result<ImportParameters> parse_import_parameters(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(json).get(object) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the parameters are a JSON object");
    }
    ImportParameters parameters;
    for (const auto [name, value] : object) {
        if (name == "paths") {
            TRY(parameters.paths, parse_paths(value));
        } else if (name == "report") {
            TRY(parameters.report, parse_report(value));
        } else {
            return fail(ErrorCode::InvalidInput,
                        "an import has the parameters paths and report, and no other");
        }
    }
    if (parameters.paths.empty()) return wrong("paths", "missing: what is to be imported");
    return parameters;
}

std::string to_json(const ImportCheckpoint& checkpoint) {
    // Names of files are any bytes.
    std::string json = R"({"file":)" + to_json_string(percent_encode(checkpoint.position.file));
    json += R"(,"archive":)" + to_json_string(percent_encode(checkpoint.position.archive));
    append_number(json, "path", checkpoint.position.path);
    append_number(json, "counted", checkpoint.is_counted ? 1 : 0);
    for (const auto& [name, number] : numbers_of(checkpoint)) {
        append_number(json, name, *number);
    }
    return json + '}';
}

Result<ImportCheckpoint> parse_import_checkpoint(std::string_view json) {
    ImportCheckpoint checkpoint;
    if (json.empty()) return checkpoint;
    const auto lacks = [](std::string_view what) {
        return fail(ErrorCode::Corrupt,
                    "the checkpoint of an import lacks " + std::string(what));
    };
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(json).get(object) != simdjson::SUCCESS) return lacks("its form");
    TRY(checkpoint.position.file, text_in(object, "file"));
    TRY(checkpoint.position.archive, text_in(object, "archive"));
    std::uint64_t number = 0;
    if (object["path"].get(number) != simdjson::SUCCESS) return lacks("path");
    checkpoint.position.path = number;
    if (object["counted"].get(number) != simdjson::SUCCESS) return lacks("counted");
    checkpoint.is_counted = number != 0;
    for (const auto& [name, value] : numbers_of(checkpoint)) {
        if (object[name].get(*value) != simdjson::SUCCESS) return lacks(name);
    }
    return checkpoint;
}

std::string result_json(const ImportCheckpoint& checkpoint) {
    std::string json = "{";
    const auto numbers = numbers_of(checkpoint);
    for (std::size_t i = kResultNumbers; i < numbers.size(); ++i) {
        append_number(json, numbers[i].first, *numbers[i].second);
    }
    if (checkpoint.is_counted) append_number(json, "bytes_total", checkpoint.total.bytes);
    return json + '}';
}

}  // namespace larmor::workers
