#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "index/document.h"
#include "index/mysql/tables.h"

namespace larmor::index::mysql {

/// A document that is written together with others, and the numbers of its rows; 0: none.
struct Entry {
    const ImageSetDocument* document = nullptr;
    bool is_again = false;  ///< one of the documents of it says so
    /// A row is there of some version; else it is new, and nothing of it has to go.
    bool was_there = false;
    /// What is its own is written; else only what it shares with others, where that is newer.
    bool is_newer = false;
    /// This version of it is there already: of its own only the labels are written, since users
    /// change them without a version.
    bool is_same = false;
    /// There are those of a later document: of its own all but the labels is written.
    bool has_old_labels = false;
    std::int64_t sequence = 0;    ///< up to which it is applied then
    std::int64_t old_series = 0;  ///< where it was counted up to now
    std::int64_t patient = 0;
    std::int64_t study = 0;
    std::int64_t series = 0;
    std::int64_t image_set = 0;

    /// What is its own is there when it is written.
    bool is_put() const { return is_newer && !document->is_deleted; }
    /// As `larmor_applied` has it.
    std::int64_t counted_instances() const {
        const bool is_counted = !document->is_deleted && document->is_primary;
        return is_counted ? static_cast<std::int64_t>(document->instances.size()) : 0;
    }
};
/// By datastore and id of the image sets, each once.
using Entries = std::vector<Entry>;

/// Whether its instances are written as rows: those of conflicts would be there twice.
inline bool has_instance_rows(const Tables& tables, const Entry& entry) {
    return entry.is_put() && !entry.is_same && entry.document->is_primary &&
           tables.levels.has(Level::Instance);
}
/// Whether rows of an earlier version are in the place of what is written.
inline bool has_old_rows(const Entry& entry) {
    return entry.is_newer && entry.was_there && !entry.is_same;
}

/// The numbers of rows, rising: rows are locked in the order of their keys.
using Rows = std::set<std::int64_t>;

/// `number` of those that are `chosen`.
template <typename Chosen>
Rows rows_of(const Entries& entries, std::int64_t Entry::* number, Chosen chosen) {
    Rows rows;
    for (const Entry& entry : entries) {
        if (entry.*number != 0 && std::invoke(chosen, entry)) rows.insert(entry.*number);
    }
    return rows;
}
inline Rows rows_of(const Entries& entries, std::int64_t Entry::* number) {
    return rows_of(entries, number, [](const Entry&) { return true; });
}

}  // namespace larmor::index::mysql
