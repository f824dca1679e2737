#pragma once
#include <functional>
#include <string>
#include <vector>

#include "api/audited.h"
#include "api/context.h"
#include "catalog/catalog.h"

namespace larmor::api {

// What is done with image sets, for /v1/image-sets and for HealthImaging's API.

/// What goes on record of one that was read or edited.
AuditNote note_of(const catalog::PlacedImageSet& placed);
/// A record for each study.
AuditNote note_of(const std::vector<catalog::PlacedImageSet>& edited);

using EditOutcome = Result<std::vector<catalog::PlacedImageSet>>;
/// In the transaction of the edit. May be called again after a rollback.
using ImageSetEdit = std::function<EditOutcome(catalog::Catalog& catalog, db::Transaction& tx)>;
/// Makes an edit durable; nobody finds in memory what was before it. Errors: those of `edit`
/// and of Database::write.
http::Task<EditOutcome> run_edit(ContextPtr context, ImageSetEdit edit);

/// Takes an image set out of everything that readers see; what was deleted can be recovered for
/// Options::delete_keep. To be told by tell_of_deletion. Errors: those of
/// Catalog::delete_image_set.
http::Task<Result<catalog::Deletion>> run_image_set_deletion(ContextPtr context, std::string id,
                                                             std::string deleted_by);

}  // namespace larmor::api
