#include "catalog/name_words.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>

#include "catalog/folding.h"

namespace larmor::catalog {
namespace {

constexpr std::size_t kStudiesInATransaction = 1000;
/// Longer ones than a name of five components may have are no names.
constexpr std::size_t kNameMaxBytes = 4096;

/// Compatibility decomposition without the marks that go on European letters: U+0300 to U+036F.
/// The voicing marks of kana have other code points and stay, since か and が are two letters.
std::string without_marks(std::string_view text) {
    if (std::ranges::all_of(text,
                            [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
        return std::string(text);
    }
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* decomposition = unorm2_getNFKDInstance(&status);
    std::u16string wide(text.size(), u'\0');
    std::int32_t size = 0;
    u_strFromUTF8(wide.data(), static_cast<std::int32_t>(wide.size()), &size, text.data(),
                  static_cast<std::int32_t>(text.size()), &status);
    if (U_FAILURE(status)) return std::string(text);
    // One character becomes 18 at most.
    std::u16string decomposed(static_cast<std::size_t>(size) * 18, u'\0');
    const std::int32_t made =
        unorm2_normalize(decomposition, wide.data(), size, decomposed.data(),
                         static_cast<std::int32_t>(decomposed.size()), &status);
    if (U_FAILURE(status)) return std::string(text);
    decomposed.resize(static_cast<std::size_t>(made));
    std::erase_if(decomposed, [](char16_t c) { return c >= 0x0300 && c <= 0x036f; });
    std::string narrow(decomposed.size() * 3, '\0');
    u_strToUTF8(narrow.data(), static_cast<std::int32_t>(narrow.size()), &size,
                decomposed.data(), static_cast<std::int32_t>(decomposed.size()), &status);
    if (U_FAILURE(status)) return std::string(text);
    narrow.resize(static_cast<std::size_t>(size));
    return narrow;
}

Result<void> insert_name(db::Transaction& tx, std::int64_t study, Attribute attribute,
                         std::string_view name) {
    for (const std::string& word : name_words(name)) {
        TRY_VOID(
            tx.run_later("INSERT INTO person_name_words (attribute, word, study)"
                         " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                         name_words_number(attribute), word, study));
    }
    for (const std::string& group : name_groups(name)) {
        TRY_VOID(
            tx.run_later("INSERT INTO person_name_groups (attribute, name, study)"
                         " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                         name_words_number(attribute), group, study));
    }
    return {};
}

struct Names {
    std::int64_t study = 0;
    std::string patient_name;
    std::string referring_physician_name;
};

Result<std::vector<Names>> without_words(db::Transaction& tx) {
    TRY(db::Query query, tx.prepare(db::for_update(
                             tx.dialect(),
                             "SELECT id, patient_name, referring_physician_name FROM studies"
                             " WHERE names_indexed = 0 ORDER BY id LIMIT ?1")));
    query.bind(static_cast<std::int64_t>(kStudiesInATransaction));
    std::vector<Names> found;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return found;
        found.push_back({query.int64(0), query.string(1), query.string(2)});
    }
}

}  // namespace

std::vector<std::string> name_words(std::string_view name) {
    // Folded before and after: a mark may hide a capital letter, a wide one may become one.
    const std::string folded =
        fold_name(without_marks(fold_name(name.substr(0, kNameMaxBytes))));
    std::vector<std::string> words;
    std::string_view rest = folded;
    while (!rest.empty()) {
        const auto end = rest.find_first_of("^= ,.-");
        if (end != 0) words.emplace_back(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    std::ranges::sort(words);
    const auto repeated = std::ranges::unique(words);
    words.erase(repeated.begin(), repeated.end());
    return words;
}

std::vector<std::string> name_groups(std::string_view name) {
    std::vector<std::string> groups = {fold_name(name)};
    std::string_view rest = groups.front();
    while (rest.find('=') != std::string_view::npos) {
        const auto equals = rest.find('=');
        if (equals != 0) groups.emplace_back(rest.substr(0, equals));
        rest.remove_prefix(equals + 1);
        if (rest.find('=') == std::string_view::npos) groups.emplace_back(rest);
    }
    std::erase(groups, std::string());
    return groups;
}

std::int64_t name_words_number(Attribute attribute) {
    return attribute == Attribute::PatientName ? 0 : 1;
}

Result<void> insert_name_words(db::Transaction& tx, std::int64_t study,
                               std::string_view patient_name,
                               std::string_view referring_physician_name) {
    TRY_VOID(insert_name(tx, study, Attribute::PatientName, patient_name));
    TRY_VOID(
        insert_name(tx, study, Attribute::ReferringPhysicianName, referring_physician_name));
    return tx.run_later("UPDATE studies SET names_indexed = 1 WHERE id = ?1", study);
}

Result<void> index_missing_name_words(db::Database& database) {
    // Most libraries have none, and a full disk must not keep them from being opened.
    TRY(const bool any, database.read([](db::Snapshot& snapshot) -> Result<bool> {
        TRY(db::Query query,
            snapshot.prepare("SELECT 1 FROM studies WHERE names_indexed = 0 LIMIT 1"));
        return query.next();
    }));
    bool more = any;
    while (more) {
        TRY(more, database.write_and_wait([](db::Transaction& tx) -> Result<bool> {
            TRY(const auto found, without_words(tx));
            for (const Names& names : found) {
                TRY_VOID(insert_name_words(tx, names.study, names.patient_name,
                                           names.referring_physician_name));
            }
            return found.size() == kStudiesInATransaction;
        }));
    }
    return {};
}

}  // namespace larmor::catalog
