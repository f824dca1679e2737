#include "index/mysql/image_type_rows.h"

#include <map>

#include "index/mysql/insert.h"
#include "index/mysql/keys.h"
#include "index/mysql/quote.h"

namespace larmor::index::mysql {
namespace {

/// An image set and a value, by their numbers.
using Link = std::pair<std::int64_t, std::int64_t>;

class PuttingTypes {
public:
    PuttingTypes(Connection& connection, const Tables& tables, const Entries& entries)
        : connection_(connection), tables_(tables), entries_(entries) {}

    Result<void> run() {
        collect();
        TRY_VOID(find_types());
        TRY_VOID(find_old());
        TRY_VOID(put_links());
        return remove_links();
    }

private:
    void collect() {
        const auto at = tables_.image_type();
        for (const Entry& entry : entries_) {
            if (!has_instance_rows(tables_, entry)) continue;
            auto& types = types_of_[entry.image_set];
            std::optional<std::string> last;
            for (const auto& instance : entry.document->instances) {
                // Most instances of an image set have the same.
                if (!at || instance.values[*at] == last) continue;
                last = instance.values[*at];
                types.merge(image_types(instance, at));
            }
            for (const auto& type : types) types_.try_emplace(type, 0);
        }
    }

    /// Read first: an INSERT would lock rows that all share.
    Result<void> find_types() {
        if (types_.empty()) return {};
        TRY(const bool all_there, read_types());
        if (all_there) return {};
        Insert insert(connection_, "INSERT INTO imagetype (type)",
                      " ON DUPLICATE KEY UPDATE imagetype_pkey = imagetype_pkey");
        for (const auto& [type, row] : types_) {
            if (row == 0) TRY_VOID(insert.add(in_quotes(type)));
        }
        TRY_VOID(insert.finish());
        return read_types().map([](bool) {});
    }
    Result<bool> read_types() {
        std::set<std::string> types;
        for (const auto& [type, row] : types_) types.insert(type);
        TRY(const auto rows,
            connection_.rows("SELECT type, imagetype_pkey FROM imagetype WHERE type IN (" +
                             list(types) + ")"));
        for (const auto& row : rows) types_[row[0].value()] = std::stoll(row[1].value());
        return rows.size() == types.size();
    }

    Result<void> find_old() {
        const auto sets = rows_of(entries_, &Entry::image_set, has_old_rows);
        if (sets.empty()) return {};
        TRY(const auto rows,
            connection_.rows("SELECT imageset_pkey, imagetype_pkey FROM larmor_imagetype WHERE"
                             " imageset_pkey IN (" +
                             list(sets) + ")"));
        for (const auto& row : rows) {
            old_.emplace(std::stoll(row[0].value()), std::stoll(row[1].value()));
        }
        return {};
    }

    Result<void> put_links() {
        Insert insert(connection_,
                      "INSERT INTO larmor_imagetype (imageset_pkey, imagetype_pkey)");
        for (const auto& [image_set, types] : types_of_) {
            for (const auto& type : types) {
                const Link link{image_set, types_[type]};
                if (link.second == 0) {
                    return fail(ErrorCode::Conflict, "an image type that was written is gone");
                }
                if (old_.erase(link) > 0) continue;
                TRY_VOID(insert.add(std::to_string(link.first) + ", " +
                                    std::to_string(link.second)));
            }
        }
        return insert.finish();
    }

    /// What is left of the old ones goes, and values with their last one.
    Result<void> remove_links() {
        if (old_.empty()) return {};
        std::string links;
        Rows types;
        for (const auto& [image_set, type] : old_) {
            links += (links.empty() ? "(imageset_pkey = " : " OR (imageset_pkey = ") +
                     std::to_string(image_set) +
                     " AND imagetype_pkey = " + std::to_string(type) + ")";
            types.insert(type);
        }
        TRY_VOID(connection_.run("DELETE FROM larmor_imagetype WHERE " + links));
        return drop_unused_image_types(connection_, types);
    }

    Connection& connection_;
    const Tables& tables_;
    const Entries& entries_;
    std::map<std::int64_t, std::set<std::string>> types_of_;  ///< by image set
    std::map<std::string, std::int64_t> types_;               ///< and their numbers
    std::set<Link> old_;
};

}  // namespace

Result<void> put_image_types(Connection& connection, const Tables& tables,
                             const Entries& entries) {
    return PuttingTypes(connection, tables, entries).run();
}

Result<void> drop_unused_image_types(Connection& connection, const Rows& types) {
    if (types.empty()) return {};
    // Read first: a DELETE locks what it looks at.
    const std::string unused = "imagetype_pkey IN (" + list(types) +
                               ") AND NOT EXISTS (SELECT 1 FROM larmor_imagetype l WHERE"
                               " l.imagetype_pkey = imagetype.imagetype_pkey)";
    TRY(const auto found, connection.number("SELECT 1 FROM imagetype WHERE " + unused));
    if (!found) return {};
    return connection.run("DELETE FROM imagetype WHERE " + unused);
}

}  // namespace larmor::index::mysql
