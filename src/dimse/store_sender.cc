#include "dimse/store_sender.h"

#include "dicom/transfer_syntax.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

constexpr std::size_t kProposalsMax = 128;  // PS3.8 section 9.3.2.2: odd numbers of one byte

const std::vector<std::string>& plain_syntaxes() {
    static const std::vector<std::string> plain{std::string(dicom::kExplicitLittleUid),
                                                std::string(dicom::kImplicitLittleUid)};
    return plain;
}

struct Choice {
    const PresentationContext* context = nullptr;
    bool as_stored = false;
};

/// As stored, in whichever encoding, before anything is written again.
std::optional<Choice> choose(const Association& association, const DataSetSource& source,
                             bool peer_stores) {
    const auto find = [&](const std::string& syntax) -> const PresentationContext* {
        for (const auto& context : association.contexts()) {
            if (context.abstract_syntax == source.sop_class_uid() &&
                context.transfer_syntax == syntax && context.peer_stores == peer_stores) {
                return &context;
            }
        }
        return nullptr;
    };
    for (const auto& syntax : source.transfer_syntaxes()) {
        if (const auto* context = find(syntax)) return Choice{context, true};
    }
    if (!source.can_be_plain()) return std::nullopt;
    for (const auto& syntax : plain_syntaxes()) {
        if (const auto* context = find(syntax)) return Choice{context, false};
    }
    return std::nullopt;
}

/// Sends the command before the first piece: a source that can't be read costs nothing then.
/// Fragments have an even length (PS3.8 section E.2), pieces need not: a byte that is left over
/// waits for the next piece, at the end for a NUL, as a deflated stream has it (PS3.5 section
/// A.5).
class Writer {
public:
    Writer(Association& association, std::uint8_t context_id, Command command)
        : association_(association), context_id_(context_id), command_(std::move(command)) {}

    Result<void> take(Bytes piece, DataSetSource::Last last) {
        if (!begun_) {
            begun_ = true;
            TRY_VOID(association_.send(context_id_, command_));
        }
        bytes_ += piece.size();
        const bool is_last = last == DataSetSource::Last::Yes;
        if (left_over_ && !piece.empty()) {
            const std::array pair{*left_over_, piece.front()};
            left_over_.reset();
            piece = piece.subspan(1);
            const bool ends = is_last && piece.empty();
            TRY_VOID(send_even(pair, ends));
            if (ends) return {};
        }
        const bool is_odd = piece.size() % 2 != 0;
        if (is_odd) left_over_ = piece.back();
        const bool pads = is_last && left_over_;
        TRY_VOID(send_even(piece.first(piece.size() - (is_odd ? 1 : 0)), is_last && !pads));
        if (!pads) return {};
        return send_even(std::array{*left_over_, std::byte{0}}, true);
    }
    bool begun() const { return begun_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    Result<void> send_even(Bytes bytes, bool is_last) {
        while (!bytes.empty() || is_last) {
            // The length of a PDU may be odd where the peer chooses it; that of a piece is not.
            const Bytes now =
                bytes.first(std::min(bytes.size(), association_.piece_max_bytes()));
            bytes = bytes.subspan(now.size());
            const bool ends = is_last && bytes.empty();
            TRY_VOID(association_.send_piece(
                context_id_, now, ends ? Association::Last::Yes : Association::Last::No));
            if (ends) break;
        }
        return {};
    }

    Association& association_;
    std::uint8_t context_id_;
    Command command_;
    std::optional<std::byte> left_over_;
    bool begun_ = false;
    std::uint64_t bytes_ = 0;
};

Result<void> receive_response(Association& association, const Command& request,
                              SendOutcome& outcome) {
    while (true) {
        TRY(const auto message, association.receive());
        if (!message) {
            return fail(ErrorCode::InvalidInput, "the peer released before its response");
        }
        const Command& command = message->command;
        if (command.field == CommandField::CCancelRq) {
            outcome.cancelled = true;
            continue;
        }
        if (command.field != CommandField::CStoreRsp ||
            command.message_id != request.message_id || !command.status) {
            return fail(ErrorCode::InvalidInput, "not the response to our C-STORE");
        }
        outcome.status = *command.status;
        outcome.comment = command.error_comment;
        return {};
    }
}

}  // namespace

Result<SendOutcome> send_instance(Association& association, DataSetSource& source,
                                  const std::optional<Originator>& originator,
                                  bool peer_stores) {
    SendOutcome outcome;
    const auto choice = choose(association, source, peer_stores);
    if (!choice) {
        outcome.status = status::kSopClassNotSupported;
        outcome.comment = "the peer takes neither its transfer syntax nor one we can write";
        return outcome;
    }
    Command request;
    request.field = CommandField::CStoreRq;
    request.message_id = association.next_message_id();
    request.priority = 0;
    request.has_data_set = true;
    request.sop_class_uid = source.sop_class_uid();
    request.sop_instance_uid = source.sop_instance_uid();
    if (originator) {
        request.move_originator = originator->ae_title;
        request.move_originator_message_id = originator->message_id;
    }
    Writer writer(association, choice->context->id, request);
    const auto take = [&](Bytes piece, DataSetSource::Last last) {
        return writer.take(piece, last);
    };
    const auto& syntax = choice->context->transfer_syntax;
    auto read =
        choice->as_stored ? source.read_stored(syntax, take) : source.read_plain(syntax, take);
    outcome.bytes = writer.bytes();
    if (!read) {
        // Half of a data set can't be taken back: only the end of the association says so.
        if (writer.begun()) return tl::unexpected(std::move(read).error());
        outcome.status = status::kProcessingFailure;
        outcome.comment = read.error().message;
        return outcome;
    }
    TRY_VOID(receive_response(association, request, outcome));
    return outcome;
}

bool Proposals::has(const std::string& sop_class_uid,
                    const std::vector<std::string>& syntaxes) const {
    return std::any_of(list_.begin(), list_.end(), [&](const Proposal& proposal) {
        return proposal.abstract_syntax == sop_class_uid &&
               proposal.transfer_syntaxes == syntaxes;
    });
}

bool Proposals::add(const std::string& sop_class_uid, const std::string& transfer_syntax) {
    std::vector<Proposal> more;
    for (const auto& syntaxes : {std::vector{transfer_syntax}, plain_syntaxes()}) {
        if (!has(sop_class_uid, syntaxes)) more.push_back({sop_class_uid, syntaxes});
    }
    if (list_.size() + more.size() > kProposalsMax) return false;
    list_.insert(list_.end(), more.begin(), more.end());
    return true;
}

}  // namespace larmor::dimse
