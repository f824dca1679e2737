#pragma once
#include <optional>
#include <string>

#include "catalog/attribute.h"
#include "catalog/query.h"

namespace larmor::catalog {

/// A result of a search, with what is above it.
struct ResultRow {
    const StoredStudy* study = nullptr;
    const StoredSeries* series = nullptr;
    const StoredInstance* instance = nullptr;
};

/// The value of an attribute as a data set writes it, of several with `\` between them: whole
/// numbers as decimal text, whatever their VR. Nothing where the row has no such level; empty
/// for attributes inside a sequence. UTF-8.
std::optional<std::string> value_of(Attribute attribute, const ResultRow& row);

}  // namespace larmor::catalog
