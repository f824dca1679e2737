#pragma once
#include <string>

#include "index/search/set_row.h"

namespace larmor::index::search::opensearch {

/// The document of an image set. One that is deleted has one too: the engine forgets the
/// version of a deleted document after a minute, and an older one would come back.
std::string document_json(const ImageSetDocument& document, const SetRow& row);

/// Where the event log stood as the one number that the engine compares. Source: OpenSearch's
/// external versions, which are 63 bits wide.
std::int64_t external_version(const events::Position& position);

}  // namespace larmor::index::search::opensearch
