#pragma once
#include "index/search/query.h"
#include "index/target.h"

namespace larmor::index::search {

/// A target in which people search: primary image sets that are not deleted, as QIDO-RS shows
/// them. Every driver gives the same answers to the same query.
class SearchIndex : public Target {
public:
    explicit SearchIndex(Levels levels) : wanted_(wanted_fields(levels)) {}

    Result<Wanted> wanted() override { return wanted_; }
    /// Blocks. Errors: Unavailable.
    virtual Result<Answer> search(const Query& query) = 0;

    /// Whether it lacks what is there: it was made since the last rebuild was asked for, or by
    /// a version that kept less.
    virtual Result<bool> needs_rebuild() { return false; }
    virtual Result<void> note_rebuild() { return {}; }

protected:
    const Wanted& wanted_of_levels() const { return wanted_; }

private:
    const Wanted wanted_;
};

}  // namespace larmor::index::search
