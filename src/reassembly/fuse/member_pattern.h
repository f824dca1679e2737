#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::reassembly::fuse {

/// A regular expression over paths of members, with named groups; ICU behind a wall. Safe from
/// any thread.
class MemberPattern {
public:
    struct Groups {
        std::string uid;
        std::string frame;                     ///< empty where the expression gives none
        std::optional<std::string> extension;  ///< where the expression has that group
    };

    /// Errors: InvalidInput for what is no expression and for one without the group `uid`.
    static Result<MemberPattern> compile(std::string_view pattern);
    /// Nothing where it doesn't match the whole path, or would take too long to find out.
    std::optional<Groups> match(std::string_view path) const;

private:
    struct Compiled;
    std::shared_ptr<const Compiled> compiled_;
};

}  // namespace larmor::reassembly::fuse
