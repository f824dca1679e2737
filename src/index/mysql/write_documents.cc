#include "index/mysql/write_documents.h"

#include <algorithm>

#include "index/mysql/applied_rows.h"
#include "index/mysql/image_set_rows.h"
#include "index/mysql/shared_rows.h"

namespace larmor::index::mysql {
namespace {

/// Something may have nothing left: a series that an older document has put, or one that an
/// image set left.
bool leaves_gaps(const Entry& entry) {
    return entry.old_series != 0 || !entry.is_put();
}

}  // namespace

Result<std::vector<Target::Applied>> write_documents(
    Connection& connection, const Tables& tables,
    std::span<const ImageSetDocument* const> documents) {
    TRY(auto entries, lock_image_sets(connection, documents));
    TRY(const auto touched, put_shared_rows(connection, tables, entries));
    TRY_VOID(put_image_sets(connection, tables, entries));
    TRY_VOID(note_applied(connection, entries));
    TRY_VOID(count_rows(connection, touched, std::ranges::any_of(entries, leaves_gaps)));
    std::vector<Target::Applied> outcomes;
    for (const auto* const document : documents) {
        const bool is_written = std::ranges::any_of(entries, [&](const Entry& entry) {
            return entry.document == document && entry.is_newer;
        });
        outcomes.push_back(is_written ? Target::Applied::Written : Target::Applied::Older);
    }
    return outcomes;
}

}  // namespace larmor::index::mysql
