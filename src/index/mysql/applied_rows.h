#pragma once
#include <span>

#include "index/mysql/connection.h"
#include "index/mysql/entry.h"

namespace larmor::index::mysql {

/// Makes an entry of each image set of the documents, of the newest of its documents, and locks
/// its row in `larmor_applied`: whoever else has a document of it waits. Errors: those of
/// Connection.
Result<Entries> lock_image_sets(Connection& connection,
                                std::span<const ImageSetDocument* const> documents);

/// Writes down which documents were applied.
Result<void> note_applied(Connection& connection, const Entries& entries);

}  // namespace larmor::index::mysql
