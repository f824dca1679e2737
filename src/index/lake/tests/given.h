#pragma once
#include <gtest/gtest.h>

#include "index/lake/columns.h"
#include "index/tests/given.h"

namespace larmor::index::lake {

using index::testing::Given;
using index::testing::must_be;
using index::testing::set;

/// With what a lake wants, and a decimal.
inline ImageSetDocument document(const Given& given) {
    auto made = index::testing::document(given, wanted_attributes(given.levels));
    for (auto& instance : made.instances) {
        set(instance.values, made.wanted.at(Level::Instance), dicom::tags::SliceLocation,
            "-77.2040634155");
    }
    return made;
}

}  // namespace larmor::index::lake
