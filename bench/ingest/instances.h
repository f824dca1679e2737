#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace larmor::bench {

/// Any number of distinct CT instances from one real file: everything but the UIDs stays, and
/// those keep their lengths, so that making one is a copy and a few digits.
class Instances {
public:
    struct Shape {
        std::uint64_t seed = 0;  ///< other UIDs for another seed
        unsigned instances_per_series = 100;
        unsigned series_per_study = 5;
        /// Pixels a side: 128 as in the file, or a multiple, tiled.
        unsigned side = 128;
    };

    /// `ct_small` holds pydicom's CT_small.dcm. Errors: InvalidInput where it does not.
    static Result<Instances> from(std::string ct_small, const Shape& shape);

    /// Instance `number`; `out` keeps its capacity.
    void make(std::uint64_t number, std::string& out) const;
    std::size_t size_bytes() const { return template_.size(); }

private:
    struct Place {
        std::size_t offset;  ///< of the digits that are replaced
        enum class Level { Study, Series, Instance } level;
    };
    std::string template_;
    std::vector<Place> places_;
    Shape shape_;
};

}  // namespace larmor::bench
