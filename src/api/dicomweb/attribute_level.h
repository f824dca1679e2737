#pragma once
#include "catalog/attribute.h"
#include "edits/rules.h"

namespace larmor::api {

/// At which level of a search an attribute belongs.
inline catalog::Level level_of(dicom::Tag tag) {
    switch (edits::level_of(tag)) {
        case edits::Level::Study:
            return catalog::Level::Study;
        case edits::Level::Series:
            return catalog::Level::Series;
        case edits::Level::Instance:
            break;
    }
    return catalog::Level::Instance;
}

}  // namespace larmor::api
