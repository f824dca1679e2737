#include "ingest/resolve.h"

#include <algorithm>

#include "ingest/equivalence.h"
#include "objects/mapped_object.h"

namespace larmor::ingest {
namespace {

/// Compares with one stored file; NotFound and damage count as Different.
Equivalence compare_with_stored(objects::ObjectStore& store, const catalog::StoredFile& stored,
                                const dicom::File& file) {
    const auto read = [&]() -> Result<Equivalence> {
        TRY(const objects::ObjectLocation location, store.locate(stored.object));
        TRY(const objects::MappedObject bytes, objects::map(store, location));
        TRY(const dicom::File other, dicom::open_file(bytes.bytes()));
        return compare(other, file);
    };
    return read().value_or(Equivalence::Different);
}

bool same_place(const catalog::StoredInstance& instance,
                const catalog::InstanceRecord& record) {
    return instance.study_instance_uid == record.study.study_instance_uid &&
           instance.series_instance_uid == record.series.series_instance_uid;
}

}  // namespace

bool Known::same_as(const Known& other) const {
    if (instances.size() != other.instances.size()) return false;
    for (std::size_t i = 0; i < instances.size(); ++i) {
        if (instances[i].row != other.instances[i].row ||
            alternates[i].size() != other.alternates[i].size()) {
            return false;
        }
    }
    return true;
}

Result<Known> find_known(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                         std::string_view sop_instance_uid) {
    Known known;
    TRY(known.instances, catalog.find_by_sop_instance_uid(snapshot, sop_instance_uid));
    for (const catalog::StoredInstance& instance : known.instances) {
        TRY(std::vector<catalog::Alternate> alternates,
            catalog.alternates(snapshot, instance.row));
        known.alternates.push_back(std::move(alternates));
    }
    return known;
}

Verdict resolve(objects::ObjectStore& store, const Known& known,
                const catalog::InstanceRecord& record, const dicom::File& file) {
    // By hash first: a file that is sent again, the usual case, costs no reading.
    for (std::size_t i = 0; i < known.instances.size(); ++i) {
        const auto is_this = [&](const catalog::Alternate& alternate) {
            return alternate.file.sha256 == record.file.sha256;
        };
        if (known.instances[i].file.sha256 == record.file.sha256 ||
            std::ranges::any_of(known.alternates[i], is_this)) {
            return {Verdict::Kind::Duplicate, known.instances[i].row};
        }
    }
    Verdict verdict;
    for (std::size_t i = 0; i < known.instances.size(); ++i) {
        const catalog::StoredInstance& instance = known.instances[i];
        if (!same_place(instance, record)) continue;
        const auto is_same = [&](const catalog::Alternate& alternate) {
            return compare_with_stored(store, alternate.file, file) == Equivalence::Same;
        };
        const Equivalence to_first = compare_with_stored(store, instance.file, file);
        if (to_first == Equivalence::Same ||
            (to_first == Equivalence::OtherCoding &&
             std::ranges::any_of(known.alternates[i], is_same))) {
            return {Verdict::Kind::Duplicate, instance.row};
        }
        // The first that it is an alternate of: primary ones come first.
        if (to_first == Equivalence::OtherCoding && verdict.kind == Verdict::Kind::Conflict) {
            verdict = {Verdict::Kind::Alternate, instance.row};
        }
    }
    return verdict;
}

}  // namespace larmor::ingest
