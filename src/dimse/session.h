#pragma once
#include <string>

#include "dimse/association.h"
#include "dimse/commitment.h"
#include "dimse/identifier.h"
#include "dimse/operation.h"
#include "dimse/retrieve_list.h"
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
    Result<void> answer_all();
    Result<void> answer(const Message& message);
    Result<void> refuse(const Message& message, std::uint16_t status);
    Operation begin(OperationKind kind) const;

    Result<void> echo(const Message& message);
    Result<void> store(const Message& message);
    /// Puts on record what the peer did, or is about to see. Errors: those of the audit trail.
    Result<void> put_on_record(audit::Action action, audit::Subject subject);
    Result<void> put_on_record(const ingest::ImportResult& stored);
    Result<void> put_on_record(const RetrieveList& list);
    Result<void> find(const Message& message);
    Result<void> move(const Message& message);
    Result<void> get(const Message& message);
    Result<void> commit(const Message& message);
    void confirm_report(const Message& message);
    /// What the peer has not confirmed before its association ended.
    void deliver_reports();

    /// What the last response of an operation says.
    struct Final {
        std::uint16_t status = 0;
        std::string comment;
    };
    struct Asked {
        std::optional<Identifier> identifier;
        std::string refusal;  ///< why there is none
    };
    Result<Asked> receive_identifier(const Message& message);
    dicom::Encoding data_set_encoding(const Message& message) const;
    /// True when the peer cancels the operation. Errors also: InvalidInput for another message.
    Result<bool> cancel_came(const Message& message);
    Result<Final> send_matches(const Message& message, const Identifier& identifier,
                               Operation& operation);
    Result<void> retrieve(const Message& message, OperationKind kind);
    Result<bool> report_progress(const Message& message, const RetrieveTally& tally);
    Result<Final> send_to_peer(const Message& message, const RetrieveList& list,
                               RetrieveTally& tally);
    Result<Final> send_to_remote(const Message& message, const RetrieveList& list,
                                 RetrieveTally& tally);

    Association& association_;
    const Services& services_;
    std::string peer_;
    std::vector<CommitmentReport> unconfirmed_;
};

}  // namespace larmor::dimse
