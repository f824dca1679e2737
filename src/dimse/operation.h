#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dimse/association.h"

namespace larmor::dimse {

enum class OperationKind : std::uint8_t { Echo, Store, Find, Move, Get, Commit };
std::string_view name_of(OperationKind kind);

/// What a peer asked for and what became of it. One operation is finished in one place,
/// `finish`: it is counted and logged there, and that is where access to patient data is known
/// as a whole: who, what, which study, with which outcome.
struct Operation {
    OperationKind kind = OperationKind::Echo;
    Parties parties;
    std::string peer;  ///< its address
    std::uint16_t status = 0;
    std::string study_instance_uid;  ///< where it is about one
    std::string sop_instance_uid;    ///< of Store
    std::uint64_t instances = 0;     ///< stored, sent, found or committed
    std::uint64_t bytes = 0;         ///< of data sets
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
};
void finish(const Operation& operation);

/// Associations that were asked for, by what became of them, and those that stand.
enum class AssociationEnd : std::uint8_t { Released, Broken, Rejected, Refused };
void count_association_begin();
/// `Refused` is one that never stood: no request came, or there were too many connections.
void count_association_end(AssociationEnd end);
void count_bytes(std::uint64_t received, std::uint64_t sent);

}  // namespace larmor::dimse
