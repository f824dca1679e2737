#include "dicom/tests/json_compare.h"

#include <fnmatch.h>
#include <simdjson.h>

#include <cmath>
#include <fstream>

namespace larmor::dicom::test {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

class Comparer {
public:
    explicit Comparer(const JsonComparison& comparison) : comparison_(comparison) {}

    void compare(object ours, object theirs, const std::string& at) {
        for (const auto [key, form] : ours) {
            const std::string path = at + std::string(key);
            element other;
            if (theirs[key].get(other) != simdjson::SUCCESS) {
                differ(path, simdjson::minify(form), "");
            } else {
                compare_forms(path, key, form, other);
            }
        }
        for (const auto [key, form] : theirs) {
            element other;
            if (ours[key].get(other) == simdjson::SUCCESS) continue;
            differ(at + std::string(key), "", simdjson::minify(form));
        }
    }

    std::vector<JsonDifference> differences;

private:
    void differ(std::string path, std::string ours, std::string theirs) {
        differences.push_back({std::move(path), std::move(ours), std::move(theirs)});
    }

    void compare_forms(const std::string& path, std::string_view key, element ours,
                       element theirs) {
        if (key == "00080005" && ours["Value"].error() == simdjson::SUCCESS &&
            theirs["Value"].error() == simdjson::SUCCESS &&
            std::string_view(ours["Value"].at(0)) == "ISO_IR 192") {
            return;
        }
        element our_vr, their_vr;
        const bool have_vr = ours["vr"].get(our_vr) == simdjson::SUCCESS &&
                             theirs["vr"].get(their_vr) == simdjson::SUCCESS;
        const bool same_vr = have_vr && std::string_view(our_vr) == std::string_view(their_vr);
        if (same_vr && std::string_view(our_vr) == "SQ")
            return compare_items(path, ours, theirs);
        if (same_vr && same(ours, theirs, std::string_view(our_vr) == "FL")) return;
        differ(path, simdjson::minify(ours), simdjson::minify(theirs));
    }

    void compare_items(const std::string& path, element ours, element theirs) {
        simdjson::dom::array our_items, their_items;
        const bool have_ours = ours["Value"].get(our_items) == simdjson::SUCCESS;
        const bool have_theirs = theirs["Value"].get(their_items) == simdjson::SUCCESS;
        if (have_ours != have_theirs || (have_ours && our_items.size() != their_items.size())) {
            return differ(path, simdjson::minify(ours), simdjson::minify(theirs));
        }
        if (!have_ours) return;
        std::size_t index = 0;
        auto their_item = their_items.begin();
        for (const element item : our_items) {
            compare(item, *their_item, path + "/" + std::to_string(index++) + "/");
            ++their_item;
        }
    }

    bool same_number(double ours, double theirs, bool is_float) const {
        if (is_float) return static_cast<float>(ours) == static_cast<float>(theirs);
        return ours == theirs ||
               std::abs(ours - theirs) <= comparison_.tolerance * std::abs(theirs);
    }

    bool same(element ours, element theirs, bool is_float) const {
        double a = 0;
        double b = 0;
        if (ours.get(a) == simdjson::SUCCESS && theirs.get(b) == simdjson::SUCCESS) {
            return same_number(a, b, is_float);
        }
        if (ours.type() != theirs.type()) return false;
        if (ours.is_array()) {
            const simdjson::dom::array all = ours;
            const simdjson::dom::array others = theirs;
            if (all.size() != others.size()) return false;
            auto other = others.begin();
            for (const element one : all) {
                if (!same(one, *other, is_float)) return false;
                ++other;
            }
            return true;
        }
        if (ours.is_object()) {
            const object all = ours;
            const object others = theirs;
            if (all.size() != others.size()) return false;
            for (const auto [key, one] : all) {
                element other;
                if (others[key].get(other) != simdjson::SUCCESS) return false;
                if (!same(one, other, is_float)) return false;
            }
            return true;
        }
        return std::string(simdjson::minify(ours)) == std::string(simdjson::minify(theirs));
    }

    const JsonComparison& comparison_;
};

bool matches(const std::string& pattern, std::string_view text) {
    // fnmatch would take the brackets of an array for a set of characters.
    std::string escaped;
    for (const char c : pattern) {
        if (c == '[' || c == ']' || c == '?' || c == '\\') escaped += '\\';
        escaped += c;
    }
    return ::fnmatch(escaped.c_str(), std::string(text).c_str(), 0) == 0;
}

}  // namespace

std::vector<JsonDifference> compare_json(std::string_view ours, std::string_view theirs,
                                         const JsonComparison& comparison) {
    simdjson::dom::parser our_parser, their_parser;
    Comparer comparer(comparison);
    comparer.compare(our_parser.parse(ours), their_parser.parse(theirs), "");
    return std::move(comparer.differences);
}

std::vector<ExpectedDifference> read_expected_differences(const std::string& path) {
    std::vector<ExpectedDifference> rows;
    std::ifstream file(path);
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.empty() || line.front() == '#') continue;
        ExpectedDifference row;
        row.line = number;
        std::string* const columns[] = {&row.oracle, &row.file,   &row.path,
                                        &row.ours,   &row.theirs, &row.why};
        std::size_t begin = 0;
        for (std::string* column : columns) {
            const auto end = std::min(line.find('\t', begin), line.size());
            *column = line.substr(begin, end - begin);
            begin = std::min(end + 1, line.size());
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

ExpectedDifference* find_expected(std::vector<ExpectedDifference>& rows,
                                  std::string_view oracle, std::string_view file,
                                  const JsonDifference& difference) {
    for (auto& row : rows) {
        if (row.oracle == oracle && matches(row.file, file) &&
            matches(row.path, difference.path) && matches(row.ours, difference.ours) &&
            matches(row.theirs, difference.theirs)) {
            ++row.used;
            return &row;
        }
    }
    return nullptr;
}

}  // namespace larmor::dicom::test
