#include "index/search/embedded/row_words.h"

#include <algorithm>
#include <array>

#include "dicom/tags.h"

namespace larmor::index::search::embedded {
namespace {

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text,
                               [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Words have a blank behind each.
bool begins_in(std::string_view text, std::string_view beginning) {
    for (auto at = text.find(beginning); at != std::string_view::npos;
         at = text.find(beginning, at + 1)) {
        if (at == 0 || text[at - 1] == ' ') return true;
    }
    return false;
}

}  // namespace

std::optional<bool> row_has_words(const Query& query, const RowWords& row) {
    const std::array all = {row.patient_name, row.physician_name, row.other};
    bool has_all = true;
    bool is_sure = std::ranges::all_of(all, is_ascii);
    const auto look_for = [&](const std::string& word, auto columns) {
        is_sure = is_sure && is_ascii(word);
        has_all = has_all && std::ranges::any_of(columns, [&](std::string_view column) {
                      return begins_in(column, word);
                  });
    };
    for (const std::string& word : query.words) look_for(word, all);
    for (const Filter& filter : query.filters) {
        if (filter.field->kind != FieldKind::Name) continue;
        const bool is_patient = filter.field->tag == dicom::tags::PatientName;
        const std::array column = {is_patient ? row.patient_name : row.physician_name};
        for (const std::string& word : filter.values) look_for(word, column);
    }
    if (has_all) return true;
    return is_sure ? std::optional(false) : std::nullopt;
}

}  // namespace larmor::index::search::embedded
