#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "dicom/tag.h"
#include "index/document.h"
#include "index/levels.h"

namespace larmor::index::search {

/// What a query may ask of an attribute.
enum class FieldKind : std::uint8_t {
    Code,    ///< the value as it is: ids, UIDs, coded strings
    Text,    ///< its words, and the value as it is
    Name,    ///< any part of any of its groups
    Date,    ///< YYYYMMDD: the value as it is, and ranges
    Time,    ///< shown and sorted by
    Number,  ///< a whole number, and ranges
};

/// An attribute that searches know, under its keyword. Compared by address.
struct Field {
    std::string_view keyword;
    dicom::Tag tag;
    Level level;
    FieldKind kind;
    bool has_facets = false;
};

/// All of them, by level from patient to instance.
std::span<const Field> fields();
/// Those up to series, which an image set has one value of, in the same order.
std::span<const Field> fields_of_sets();
std::span<const Field> fields_of(Level level);
/// Null for an attribute that searches do not know.
const Field* find_field(std::string_view keyword);
/// What is searched and is never missing.
const Field& known_field(dicom::Tag tag);

/// What documents are to have for this: of levels that are not kept only what names a patient,
/// a study, a series and an instance.
Wanted wanted_fields(Levels levels = Levels::all());

}  // namespace larmor::index::search
