#pragma once
#include <string>
#include <vector>

#include "audit/log.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "dimse/association.h"
#include "ingest/destination.h"
#include "objects/object_store.h"

namespace larmor::dimse {

/// What the services of a server work on; must outlive it.
struct Services {
    db::Database& database;
    objects::ObjectStore& store;
    catalog::Catalog& catalog;
    ingest::Destination& importer;
    audit::Log& audit;
    std::string ae_title = "LARMOR";       ///< as which we call others
    std::vector<RemoteAddress> remotes{};  ///< where C-MOVE may send to
    Patience patience{};
};

}  // namespace larmor::dimse
