#include "index/search/set_row.h"

#include <algorithm>
#include <charconv>

#include "catalog/folding.h"
#include "dicom/tags.h"
#include "index/search/words.h"

namespace larmor::index::search {
namespace {

namespace tags = dicom::tags;

/// No attribute that is searched is longer; a value that lies about its VR is cut.
constexpr std::size_t kValueBytesMax = 1024;
constexpr std::size_t kWordsOfSetMax = 2000;

const std::optional<std::string>* value_of(const std::vector<dicom::Tag>& tags,
                                           const Values& values, dicom::Tag tag) {
    const auto at = std::ranges::lower_bound(tags, tag);
    if (at == tags.end() || *at != tag) return nullptr;
    const auto index = static_cast<std::size_t>(at - tags.begin());
    return index < values.size() ? &values[index] : nullptr;
}

const Values& values_of(const ImageSetDocument& document, Level level) {
    if (level == Level::Patient) return document.patient;
    return level == Level::Study ? document.study : document.series;
}

void append(std::vector<std::string>& words, std::vector<std::string> more) {
    words.insert(words.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

/// A UID is found by a filter: its digits are no words.
bool has_words(const Field& field) {
    return (field.kind == FieldKind::Code && !field.keyword.ends_with("UID")) ||
           field.kind == FieldKind::Text;
}

void add_words(SetRow& row, const Field& field, std::string_view value) {
    if (field.tag == tags::PatientName) {
        row.patient_name = words_of_name(value);
    } else if (field.tag == tags::ReferringPhysicianName) {
        row.physician_name = words_of_name(value);
    } else if (has_words(field)) {
        append(row.words, words_of_text(value));
    }
}

}  // namespace

std::optional<std::string> normal_value(const Field& field, std::string_view value) {
    if (field.kind == FieldKind::Date) return catalog::plain_date(value);
    if (field.kind != FieldKind::Number) {
        std::size_t size = std::min(value.size(), kValueBytesMax);
        while (size > 0 && size < value.size() &&
               (static_cast<unsigned char>(value[size]) & 0xc0U) == 0x80U) {
            --size;
        }
        return std::string(value.substr(0, size));
    }
    if (value.starts_with('+')) value.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
    return std::to_string(number);
}

SetRow make_set_row(const ImageSetDocument& document) {
    SetRow row;
    row.is_shown = document.is_primary && !document.is_deleted &&
                   !document.study_instance_uid.empty() &&
                   !document.series_instance_uid.empty();
    const auto kept = fields_of_sets();
    row.values.resize(kept.size());
    if (!row.is_shown) return row;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const auto* const value = value_of(document.wanted.at(kept[i].level),
                                           values_of(document, kept[i].level), kept[i].tag);
        if (value == nullptr || !*value) continue;
        row.values[i] = normal_value(kept[i], **value);
        if (row.values[i]) add_words(row, kept[i], *row.values[i]);
    }
    std::ranges::sort(row.words);
    const auto repeated = std::ranges::unique(row.words);
    row.words.erase(repeated.begin(), repeated.end());
    if (row.words.size() > kWordsOfSetMax) row.words.resize(kWordsOfSetMax);
    return row;
}

Values make_instance_row(const ImageSetDocument& document, const InstanceDocument& instance) {
    const auto kept = fields_of(Level::Instance);
    Values row(kept.size());
    row[0] = instance.sop_instance_uid;
    for (std::size_t i = 1; i < kept.size(); ++i) {
        const auto* const value =
            value_of(document.wanted.at(Level::Instance), instance.values, kept[i].tag);
        if (value != nullptr && *value) row[i] = normal_value(kept[i], **value);
    }
    return row;
}

}  // namespace larmor::index::search
