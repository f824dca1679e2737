#pragma once
#include <string>
#include <string_view>
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
    std::string ae_title = "LARMOR";  ///< as which we call others
    /// Where C-MOVE may send to, and where the results of storage commitment go.
    std::vector<RemoteAddress> remotes{};
    Patience patience{};
};

/// Nothing when no such AE is configured.
inline const RemoteAddress* find_remote(const Services& services, std::string_view ae_title) {
    for (const auto& remote : services.remotes) {
        if (remote.ae_title == ae_title) return &remote;
    }
    return nullptr;
}

}  // namespace larmor::dimse
