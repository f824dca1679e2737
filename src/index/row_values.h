#pragma once
#include "catalog/records.h"
#include "index/document.h"

namespace larmor::index {

// What the catalog's rows say goes over what an instance says: a row is what searches find.

void put_row_values(const catalog::PatientAttributes& row, const Wanted& wanted,
                    Values& patient);
void put_row_values(const catalog::StudyAttributes& row, const Wanted& wanted, Values& study);
void put_row_values(const catalog::SeriesAttributes& row, const Wanted& wanted, Values& series);

}  // namespace larmor::index
