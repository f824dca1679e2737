#pragma once
#include <functional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "db/database.h"
#include "index/document_source.h"
#include "index/target.h"

namespace larmor::index {

/// Compares a target with the catalog, and repairs it, while both are used: what differs is
/// looked at again once the target has passed where the log was, and counts only where nothing
/// of the study has changed meanwhile and it differs twice in the same way. Blocks.
class Checker {
public:
    /// All must outlive it.
    struct Services {
        db::Database& database;
        const catalog::Catalog& catalog;
        const DocumentSource& source;
        Target& target;
        /// Whether every event up to a position was tried at the target.
        std::function<Result<bool>(events::Position)> has_passed;
        std::function<bool()> should_stop;
    };
    enum class Repair : std::uint8_t { No, Yes };

    struct Page {
        std::string last;  ///< UID of the last study that was compared
        bool is_last = false;
        std::size_t studies = 0;
        std::vector<Drift> drift;
        std::size_t repaired = 0;   ///< studies
        std::size_t unsettled = 0;  ///< studies that changed each time that they were looked at
    };
    Checker(const Services& services, Repair repair) : services_(services), repair_(repair) {}

    /// Some studies behind `after`, in the order of their UIDs; with the last ones also what
    /// belongs to no study. Errors: Unavailable (the target is down, or so far behind that it
    /// can't be compared), Cancelled (`should_stop`), those of target and catalog.
    Result<Page> check_some(const std::string& after) const;

private:
    struct Settled {
        std::vector<Drift> drift;
        bool is_repaired = false;
        bool is_settled = true;
    };
    Result<std::vector<std::string>> list_studies(const std::string& after,
                                                  bool& is_last) const;
    Result<StudyDocuments> load(const std::string& study, const Wanted& wanted) const;
    Result<bool> is_as_it_was(const StudyDocuments& study) const;
    Result<void> wait_until_passed() const;
    Result<Settled> settle(const std::string& study) const;
    Result<bool> repair(const StudyDocuments& study) const;

    const Services services_;
    const Repair repair_;
};

}  // namespace larmor::index
