#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dicom/transfer_syntax.h"
#include "dimse/command.h"
#include "dimse/services.h"

namespace larmor::dimse {

struct ReferencedInstance {
    std::string sop_class_uid;
    std::string sop_instance_uid;
    friend bool operator==(const ReferencedInstance&, const ReferencedInstance&) = default;
};

/// What a peer wants to be sure of. Source: PS3.4 section J.3.2.
struct CommitmentRequest {
    std::string transaction_uid;
    std::vector<ReferencedInstance> instances;
};

inline constexpr std::size_t kCommitmentMaxBytes = std::size_t{8} << 20;

/// Reads the data set of an N-ACTION. Errors: those of dicom::Reader; InvalidInput without
/// transaction or with a UID that is none.
Result<CommitmentRequest> parse_commitment(Bytes data_set, dicom::Encoding encoding);

struct CommitmentResult {
    std::vector<ReferencedInstance> committed;
    struct Failed {
        ReferencedInstance instance;
        std::uint16_t reason = 0;  ///< Failure Reason (0008,1197)
    };
    std::vector<Failed> failed;
};
/// Committed is what the catalog has under the SOP Instance UID with that SOP class: its bytes
/// were synced before its row. Errors: those of the catalog.
Result<CommitmentResult> look_up_commitment(const Services& services,
                                            const CommitmentRequest& request);

/// What the peer has not confirmed yet: the result of a request.
struct CommitmentReport {
    CommitmentRequest request;
    CommitmentResult result;
    std::uint16_t message_id = 0;  ///< of the N-EVENT-REPORT that was sent last
};
/// Brings it to the peer in an association of our own, in which we are the provider. Errors:
/// those of Association; Denied where the peer takes no such reports.
Result<void> deliver_report(const RemoteAddress& peer, const Services& services,
                            const CommitmentReport& report);
Command report_command(const CommitmentReport& report);

/// The data set of the N-EVENT-REPORT. Source: PS3.4 section J.3.3.
ByteBuffer encode_commitment(const CommitmentRequest& request, const CommitmentResult& result,
                             const std::string& ae_title, dicom::Encoding encoding);

}  // namespace larmor::dimse
