#pragma once
#include <functional>

#include "ingest/walk.h"

namespace larmor::ingest {

/// Where instances to be imported are found: files, or objects of a bucket. Its order never
/// changes, so that a position in it is one in a later walk too. For one thread.
class ImportInput {
public:
    virtual ~ImportInput() = default;
    /// What a walk will pass; ends early, with less, where `go_on` is false. Errors: those of
    /// what it is read from.
    virtual Result<WalkTotal> total(const std::function<bool()>& go_on) = 0;
    /// See ingest::walk.
    virtual Result<void> walk(WalkVisitor& visitor, const WalkPosition& from) = 0;
};

}  // namespace larmor::ingest
