#pragma once
#include <string>

#include "dimse/association.h"
#include "dimse/operation.h"
#include "dimse/services.h"

namespace larmor::dimse {

/// Answers what the peer of one association asks for, until it releases, breaks or must go.
/// Takes its thread for as long.
class Session {
public:
    Session(Association& association, const Services& services, std::string peer)
        : association_(association), services_(services), peer_(std::move(peer)) {}

    /// Errors: those of Association.
    Result<void> run();

private:
    Result<void> answer(const Message& message);
    Result<void> refuse(const Message& message, std::uint16_t status);
    Operation begin(OperationKind kind) const;

    Result<void> echo(const Message& message);
    Result<void> store(const Message& message);

    Association& association_;
    const Services& services_;
    std::string peer_;
};

}  // namespace larmor::dimse
