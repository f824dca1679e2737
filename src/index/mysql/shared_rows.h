#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/entry.h"
#include "index/mysql/tables.h"

namespace larmor::index::mysql {

/// What of patients and studies was there before, and what of them the entries may have left
/// without anything.
struct TouchedRows {
    Rows patients;  ///< that may be without a study
    Rows studies;   ///< to be counted
    Rows series;
};

/// Writes patients, studies and series of the entries, locked in this order, where they are
/// newer than what is there, and gives the entries their numbers. Studies in which an image set
/// was up to now are locked too. Errors: those of Connection.
Result<TouchedRows> put_shared_rows(Connection& connection, const Tables& tables,
                                    Entries& entries);

/// Counts studies and series anew from what is left of them, and removes those of which nothing
/// is, patients and issuers with them. `may_be_empty`: whether some could be.
Result<void> count_rows(Connection& connection, const TouchedRows& touched, bool may_be_empty);

/// Removes those of the patients that have no study, and their issuers where they were the last
/// of it.
Result<void> drop_unused_patients(Connection& connection, const Rows& patients);

}  // namespace larmor::index::mysql
