#include "index/mysql/applied_rows.h"

#include <map>
#include <tuple>

#include "index/mysql/insert.h"
#include "index/mysql/quote.h"

namespace larmor::index::mysql {
namespace {

using Key = std::pair<std::string, std::string>;

Key key_of(const ImageSetDocument& document) {
    return {document.datastore_id, document.image_set_id};
}

/// After a restore from a backup, versions begin again where the backup was. A document of the
/// same version that was read later can have what makes no version: labels.
using Age = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
Age age_of(const ImageSetDocument& document) {
    return {document.as_of.epoch, document.version, document.as_of.sequence};
}

std::map<Key, Entry> entries_of(std::span<const ImageSetDocument* const> documents) {
    std::map<Key, Entry> entries;
    for (const auto* const document : documents) {
        Entry& entry = entries[key_of(*document)];
        entry.is_again = entry.is_again || document->is_again;
        if (entry.document == nullptr || age_of(*entry.document) < age_of(*document)) {
            entry.document = document;
        }
    }
    return entries;
}

Result<void> insert_missing(Connection& connection, const std::map<Key, Entry>& entries) {
    Insert insert(connection,
                  "INSERT INTO larmor_applied (datastoreid, imagesetid, epoch, sequence,"
                  " version, is_deleted, instances)",
                  " ON DUPLICATE KEY UPDATE version = version");
    for (const auto& [key, entry] : entries) {
        TRY_VOID(insert.add(in_quotes(key.first) + ", " + in_quotes(key.second) +
                            ", 0, 0, 0, FALSE, 0"));
    }
    return insert.finish();
}

void take_state(Entry& entry, const Connection::Row& row) {
    const auto number = [&](std::size_t i) -> std::int64_t {
        return row[i] ? std::stoll(*row[i]) : 0;
    };
    const auto& document = *entry.document;
    const Age applied{number(2), number(3), number(4)};
    const Age age = age_of(document);
    const bool has_version =
        std::pair(number(2), number(3)) == std::pair(document.as_of.epoch, document.version);
    entry.was_there = applied > Age{};
    entry.is_newer = age >= applied || (has_version && entry.is_again);
    entry.is_same = has_version && !entry.is_again && (number(6) != 0) == document.is_deleted &&
                    number(7) == entry.counted_instances();
    entry.has_old_labels = has_version && age < applied;
    entry.sequence = document.as_of.sequence;
    if (has_version) entry.sequence = std::max(entry.sequence, number(4));
    entry.old_series = number(5);
}

}  // namespace

Result<Entries> lock_image_sets(Connection& connection,
                                std::span<const ImageSetDocument* const> documents) {
    auto entries = entries_of(documents);
    TRY_VOID(insert_missing(connection, entries));
    std::set<std::string> datastores;
    std::set<std::string> ids;
    for (const auto& [key, entry] : entries) {
        datastores.insert(key.first);
        ids.insert(key.second);
    }
    TRY(const auto rows,
        connection.rows("SELECT datastoreid, imagesetid, epoch, version, sequence, series_pkey,"
                        " is_deleted, instances FROM larmor_applied WHERE datastoreid IN (" +
                        list(datastores) + ") AND imagesetid IN (" + list(ids) +
                        ") FOR UPDATE"));
    for (const auto& row : rows) {
        const auto entry = entries.find({row[0].value(), row[1].value()});
        if (entry != entries.end()) take_state(entry->second, row);
    }
    Entries all;
    for (auto& [key, entry] : entries) all.push_back(entry);
    return all;
}

Result<void> note_applied(Connection& connection, const Entries& entries) {
    Insert insert(connection,
                  "INSERT INTO larmor_applied (datastoreid, imagesetid, epoch, sequence,"
                  " version, is_deleted, instances, series_pkey)",
                  " ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), sequence = VALUES(sequence),"
                  " version = VALUES(version), is_deleted = VALUES(is_deleted),"
                  " instances = VALUES(instances), series_pkey = VALUES(series_pkey)");
    for (const Entry& entry : entries) {
        if (!entry.is_newer) continue;
        const auto& document = *entry.document;
        TRY_VOID(insert.add(
            in_quotes(document.datastore_id) + ", " + in_quotes(document.image_set_id) + ", " +
            std::to_string(document.as_of.epoch) + ", " + std::to_string(entry.sequence) +
            ", " + std::to_string(document.version) +
            (document.is_deleted ? ", TRUE, " : ", FALSE, ") +
            std::to_string(entry.counted_instances()) + ", " +
            (document.is_deleted ? "NULL" : std::to_string(entry.series))));
    }
    return insert.finish();
}

}  // namespace larmor::index::mysql
