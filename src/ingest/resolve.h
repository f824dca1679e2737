#pragma once
#include <vector>

#include "catalog/catalog.h"
#include "dicom/file.h"
#include "objects/object_store.h"

namespace larmor::ingest {

/// Everything that the catalog holds under one SOP Instance UID, at one moment.
struct Known {
    std::vector<catalog::StoredInstance> instances;
    std::vector<std::vector<catalog::Alternate>>
        alternates;  ///< of the instance at the same place

    bool empty() const { return instances.empty(); }
    /// Whether nothing came or went between two looks: what was decided on the first holds on
    /// the second.
    bool same_as(const Known& other) const;
};
Result<Known> find_known(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                         std::string_view sop_instance_uid);

/// What an arrival is to what is known.
struct Verdict {
    enum class Kind : std::uint8_t { Duplicate, Alternate, Conflict };
    Kind kind = Kind::Conflict;
    catalog::InstanceRow of{};  ///< of Duplicate and Alternate
};

/// Compares `file`, which `record` describes, with every stored copy in the same study and
/// series: first by hash, then by content. Blocks: reads the stored files. A stored file that
/// can't be read makes no duplicate: its arrival again is kept.
Verdict resolve(objects::ObjectStore& store, const Known& known,
                const catalog::InstanceRecord& record, const dicom::File& file);

}  // namespace larmor::ingest
