#include "async/sync_wait.h"
#include "base/ids.h"
#include "dicom/rewrite.h"
#include "dimse/session.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

/// The beginning of the file that a received data set becomes (PS3.10 section 7.1): the
/// transfer syntax is the negotiated one, the data set follows as it came.
ByteBuffer file_beginning(const Command& command, const PresentationContext& context,
                          const Parties& parties) {
    ByteBuffer bytes;
    dicom::write_file_meta({.media_storage_sop_class_uid = command.sop_class_uid,
                            .media_storage_sop_instance_uid = command.sop_instance_uid,
                            .transfer_syntax_uid = context.transfer_syntax,
                            .source_application_entity_title = parties.calling},
                           bytes);
    return bytes;
}

std::optional<Error> check(const Command& command, const PresentationContext& context) {
    if (!is_uid_key_part(command.sop_instance_uid)) {
        return Error{ErrorCode::InvalidInput, "Affected SOP Instance UID is no UID"};
    }
    if (command.sop_class_uid != context.abstract_syntax) {
        return Error{ErrorCode::Conflict, "not the SOP class of the presentation context"};
    }
    if (!command.has_data_set) {
        return Error{ErrorCode::InvalidInput, "C-STORE without a data set"};
    }
    return std::nullopt;
}

}  // namespace

Result<void> Session::put_on_record(const ingest::ImportResult& stored) {
    if (stored.outcome == ingest::Outcome::Rejected) return {};
    audit::Subject subject;
    subject.study = stored.study_instance_uid;
    subject.series = stored.series_instance_uid;
    subject.instances = 1;
    return put_on_record(audit::Action::Store, std::move(subject));
}

/// Source: PS3.4 annex B, PS3.7 section 9.1.1.
Result<void> Session::store(const Message& message) {
    const Command& command = message.command;
    const auto& context = *association_.context(message.context_id);
    auto operation = begin(OperationKind::Store);
    // An instance that is refused is read to its end: the peer listens only then.
    std::optional<Error> refusal = check(command, context);
    const auto stream =
        services_.importer.begin({.study_instance_uid = {},
                                  .sop_class_uid = command.sop_class_uid,
                                  .sop_instance_uid = command.sop_instance_uid});
    const auto write = [&](Bytes piece) {
        if (refusal) return;
        if (auto written = async::sync_wait(stream->write(piece)); !written) {
            refusal = std::move(written).error();
        }
    };
    write(file_beginning(command, context, association_.parties()));
    if (command.has_data_set) {
        TRY_VOID(association_.receive_data_set([&](Bytes piece) -> Result<void> {
            operation.bytes += piece.size();
            write(piece);
            return {};
        }));
    }
    StoreStatus answer;
    if (refusal) {
        answer = store_status(*refusal);
    } else {
        // Whatever is answered is durable: see Importer.
        auto result = async::sync_wait(stream->finish());
        if (auto recorded = put_on_record(result); !recorded) {
            // What is not on record is not acknowledged; sent again it is a duplicate.
            result.outcome = ingest::Outcome::Rejected;
            result.error = std::move(recorded).error();
        }
        operation.study_instance_uid = result.study_instance_uid;
        operation.instances = result.outcome == ingest::Outcome::Rejected ? 0 : 1;
        answer = store_status(result);
    }
    operation.status = answer.status;
    operation.sop_instance_uid = command.sop_instance_uid;
    finish(operation);
    auto response = response_to(command, answer.status);
    response.error_comment = answer.comment;
    return association_.send(message.context_id, response);
}

}  // namespace larmor::dimse
