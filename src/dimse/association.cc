#include "dimse/association.h"

#include "dimse/dul_internal.h"

namespace larmor::dimse {
namespace {

using std::chrono::steady_clock;

/// Odd numbers of one byte: PS3.8 section 9.3.2.2.
constexpr int kContextsMax = 128;

std::string title_of(const char* padded) {
    std::string_view title(padded);
    while (title.starts_with(' ')) title.remove_prefix(1);
    while (title.ends_with(' ')) title.remove_suffix(1);
    return std::string(title);
}

Parties parties_of(T_ASC_Parameters* parameters) {
    std::array<char, 65> calling{};
    std::array<char, 65> called{};
    ASC_getAPTitles(parameters, calling.data(), calling.size(), called.data(), called.size(),
                    nullptr, 0);
    return {title_of(calling.data()), title_of(called.data())};
}

T_ASC_RejectParameters reject_parameters(Rejection rejection) {
    switch (rejection) {
        case Rejection::CalledTitleNotRecognized:
            return {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
                    ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED};
        case Rejection::CallingTitleNotRecognized:
            return {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
                    ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED};
        case Rejection::LocalLimitExceeded:
            break;
    }
    return {ASC_RESULT_REJECTEDTRANSIENT, ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
            ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED};
}

std::string_view name_of(Rejection rejection) {
    switch (rejection) {
        case Rejection::CalledTitleNotRecognized:
            return "called AE title not recognized";
        case Rejection::CallingTitleNotRecognized:
            return "calling AE title not recognized";
        case Rejection::LocalLimitExceeded:
            break;
    }
    return "too many associations";
}

/// Accepts what has a service and a transfer syntax, in the role that the peer asks for.
std::vector<PresentationContext> negotiate(T_ASC_Parameters* parameters, int count) {
    std::vector<PresentationContext> accepted;
    for (int i = 0; i < count; ++i) {
        T_ASC_PresentationContext proposed;
        ASC_getPresentationContext(parameters, i, &proposed);
        std::vector<std::string> syntaxes;
        for (const auto& syntax : proposed.proposedTransferSyntaxes) {
            if (syntax[0] != '\0') syntaxes.emplace_back(syntax);
        }
        const Service service = service_of(proposed.abstractSyntax);
        const bool peer_stores = proposed.proposedRole == ASC_SC_ROLE_SCP ||
                                 proposed.proposedRole == ASC_SC_ROLE_SCUSCP;
        const std::string syntax = choose_transfer_syntax(
            service, syntaxes, peer_stores ? PeerStores::Yes : PeerStores::No);
        if (syntax.empty()) {
            ASC_refusePresentationContext(parameters, proposed.presentationContextID,
                                          service == Service::None
                                              ? ASC_P_ABSTRACTSYNTAXNOTSUPPORTED
                                              : ASC_P_TRANSFERSYNTAXESNOTSUPPORTED);
            continue;
        }
        ASC_acceptPresentationContext(parameters, proposed.presentationContextID,
                                      syntax.c_str(), proposed.proposedRole);
        accepted.push_back({proposed.presentationContextID, service, proposed.abstractSyntax,
                            syntax, service == Service::Storage && peer_stores});
    }
    return accepted;
}

std::vector<PresentationContext> accepted_by_peer(T_ASC_Parameters* parameters) {
    std::vector<PresentationContext> accepted;
    const int count = ASC_countPresentationContexts(parameters);
    for (int i = 0; i < count; ++i) {
        T_ASC_PresentationContext context;
        ASC_getPresentationContext(parameters, i, &context);
        if (context.resultReason != ASC_P_ACCEPTANCE) continue;
        accepted.push_back({context.presentationContextID, service_of(context.abstractSyntax),
                            context.abstractSyntax, context.acceptedTransferSyntax});
    }
    return accepted;
}

}  // namespace

struct Association::Dul {
    std::unique_ptr<DulNetwork> network;  ///< of a requestor
    T_ASC_Association* association = nullptr;
    bool established = false;

    ~Dul() {
        if (association == nullptr) return;
        if (established) ASC_abortAssociation(association);
        ASC_destroyAssociation(&association);
    }
};

/// A presentation data value (PS3.8 annex E); valid until the next one is read.
struct Association::Fragment {
    std::uint8_t context_id = 0;
    bool is_command = false;
    bool is_last = false;
    Bytes bytes;
};

Association::Association(std::unique_ptr<Dul> dul, std::shared_ptr<Channel> channel,
                         const Patience& patience)
    : dul_(std::move(dul)), channel_(std::move(channel)), patience_(patience) {}

Association::~Association() {
    wait_at_most(patience_.request);
    dul_.reset();
}

Result<std::unique_ptr<Association>> Association::accept(DulNetwork& network,
                                                         std::shared_ptr<Channel> channel,
                                                         const Admission& admission,
                                                         const Patience& patience) {
    auto dul = std::make_unique<Dul>();
    std::unique_ptr<Association> made(
        new Association(std::move(dul), std::move(channel), patience));
    made->wait_at_most(patience.request);
    auto*& association = made->dul_->association;
    const auto received = network.receive(made->channel_, association);
    if (received.bad()) return made->broken("no association request");

    auto* parameters = association->params;
    made->parties_ = parties_of(parameters);
    const int count = ASC_countPresentationContexts(parameters);
    const auto rejection =
        count > kContextsMax ? Rejection::LocalLimitExceeded : admission(made->parties_);
    if (rejection) {
        const auto why = reject_parameters(*rejection);
        ASC_rejectAssociation(association, &why);
        return fail(ErrorCode::Denied, std::string(name_of(*rejection)));
    }
    made->contexts_ = negotiate(parameters, count);
    if (ASC_acknowledgeAssociation(association).bad() || !made->channel_->flush()) {
        return made->broken("the association could not be acknowledged");
    }
    made->dul_->established = true;
    return made;
}

Result<std::unique_ptr<Association>> Association::request(
    const RemoteAddress& remote, const std::string& calling,
    const std::vector<Proposal>& proposals, const Patience& patience) {
    auto dul = std::make_unique<Dul>();
    TRY(dul->network, DulNetwork::make(NET_REQUESTOR));
    T_ASC_Parameters* parameters = nullptr;
    ASC_createAssociationParameters(&parameters, ASC_MAXIMUMPDUSIZE);
    ASC_setAPTitles(parameters, calling.c_str(), remote.ae_title.c_str(), nullptr);
    const std::string address = remote.host + ":" + std::to_string(remote.port);
    ASC_setPresentationAddresses(parameters, "localhost", address.c_str());
    int id = 1;
    for (const auto& proposal : proposals) {
        std::vector<const char*> syntaxes;
        for (const auto& syntax : proposal.transfer_syntaxes)
            syntaxes.push_back(syntax.c_str());
        ASC_addPresentationContext(parameters, static_cast<T_ASC_PresentationContextID>(id),
                                   proposal.abstract_syntax.c_str(), syntaxes.data(),
                                   static_cast<int>(syntaxes.size()),
                                   proposal.as_scp ? ASC_SC_ROLE_SCP : ASC_SC_ROLE_DEFAULT);
        id += 2;
    }
    std::shared_ptr<Channel> channel;
    const auto prepare = [&](Channel& made) {
        made.set_deadline(steady_clock::now() + patience.request);
        if (remote.tls) made.use(remote.tls->make_transport(made.fd(), remote.host));
    };
    const auto requested =
        dul->network->request(parameters, dul->association, channel, prepare);
    if (dul->association == nullptr) ASC_destroyAssociationParameters(&parameters);
    if (requested == DUL_ASSOCIATIONREJECTED) {
        return fail(ErrorCode::Denied, remote.ae_title + " at " + address +
                                           " rejects the association (are the AE titles known"
                                           " there?)");
    }
    if (requested.bad() || channel == nullptr) {
        return fail(ErrorCode::Unavailable, remote.ae_title + " at " + address +
                                                " can't be reached: " + requested.text());
    }
    dul->established = true;
    std::unique_ptr<Association> made(
        new Association(std::move(dul), std::move(channel), patience));
    made->parties_ = {calling, remote.ae_title};
    made->contexts_ = accepted_by_peer(made->dul_->association->params);
    return made;
}

const PresentationContext* Association::context(std::uint8_t id) const {
    for (const auto& context : contexts_) {
        if (context.id == id) return &context;
    }
    return nullptr;
}

std::size_t Association::piece_max_bytes() const {
    return dul_->association->sendPDVLength;
}

void Association::wait_at_most(std::chrono::milliseconds time) {
    channel_->set_deadline(steady_clock::now() + time);
}

tl::unexpected<Error> Association::broken(std::string_view what) const {
    if (channel_->interrupted()) return fail(ErrorCode::Cancelled, "the server stops");
    if (channel_->timed_out()) {
        return fail(ErrorCode::Unavailable, std::string(what) + ": the peer took too long");
    }
    return fail(ErrorCode::Unavailable, std::string(what));
}

/// False when the peer released the association.
Result<bool> Association::next_fragment(Fragment& fragment) {
    auto** association = &dul_->association->DULassociation;
    DUL_PDV pdv{};
    if (DUL_NextPDV(association, &pdv).bad()) {
        const auto read = DUL_ReadPDVs(association, nullptr, DUL_BLOCK, 0);
        if (read == DUL_PEERREQUESTEDRELEASE) {
            ASC_acknowledgeRelease(dul_->association);
            dul_->established = false;
            return false;
        }
        if (read == DUL_PEERABORTEDASSOCIATION) {
            dul_->established = false;
            return broken("the peer aborted the association");
        }
        if (read != DUL_PDATAPDUARRIVED || DUL_NextPDV(association, &pdv).bad()) {
            return broken("the connection broke, or what came is no PDU");
        }
    }
    fragment = {pdv.presentationContextID,
                pdv.pdvType == DUL_COMMANDPDV,
                pdv.lastPDV,
                {static_cast<const std::byte*>(pdv.data), pdv.fragmentLength}};
    return true;
}

Result<std::optional<Message>> Association::receive() {
    wait_at_most(patience_.idle);
    ByteBuffer bytes;
    Fragment fragment;
    do {
        TRY(const bool more, next_fragment(fragment));
        if (!more && bytes.empty()) return std::optional<Message>();
        if (!more || !fragment.is_command) {
            return fail(ErrorCode::InvalidInput, "expected a command");
        }
        if (fragment.bytes.size() > kCommandMaxBytes - bytes.size()) {
            return fail(
                ErrorCode::InvalidInput,
                "a command of more than " + std::to_string(kCommandMaxBytes) + " bytes");
        }
        bytes.insert(bytes.end(), fragment.bytes.begin(), fragment.bytes.end());
    } while (!fragment.is_last);
    TRY(Command command, parse_command(bytes));
    if (context(fragment.context_id) == nullptr) {
        return fail(ErrorCode::InvalidInput,
                    "a message in a presentation context that was "
                    "not accepted");
    }
    data_set_context_ = fragment.context_id;
    return Message{fragment.context_id, std::move(command)};
}

Result<void> Association::receive_data_set(const TakePiece& take) {
    const auto begin = steady_clock::now();
    std::uint64_t total = 0;
    Fragment fragment;
    do {
        wait_at_most(patience_.stall);
        TRY(const bool more, next_fragment(fragment));
        if (!more || fragment.is_command || fragment.context_id != data_set_context_) {
            return fail(ErrorCode::InvalidInput, "expected the data set of the command");
        }
        total += fragment.bytes.size();
        const auto took = steady_clock::now() - begin;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(took).count();
        if (took > patience_.stall &&
            total < patience_.bytes_per_second_min * static_cast<std::uint64_t>(seconds)) {
            return fail(ErrorCode::Unavailable, "the peer sends too slowly");
        }
        TRY_VOID(take(fragment.bytes));
    } while (!fragment.is_last);
    return {};
}

Result<ByteBuffer> Association::receive_data_set(std::size_t max_bytes) {
    ByteBuffer bytes;
    TRY_VOID(receive_data_set([&](Bytes piece) -> Result<void> {
        if (piece.size() > max_bytes - bytes.size()) {
            return fail(ErrorCode::LimitExceeded, "a data set of more than " +
                                                      std::to_string(max_bytes) +
                                                      " bytes where none is stored");
        }
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }));
    return bytes;
}

bool Association::message_waits(async::SteadyTime when) {
    wait_at_most(patience_.idle);
    return channel_->wait_readable(when);
}

Result<void> Association::write(std::uint8_t context_id, Bytes bytes, bool is_command,
                                bool is_last) {
    wait_at_most(patience_.stall);
    DUL_PDV pdv{};
    pdv.fragmentLength = bytes.size();
    pdv.presentationContextID = context_id;
    pdv.pdvType = is_command ? DUL_COMMANDPDV : DUL_DATASETPDV;
    pdv.lastPDV = is_last;
    pdv.data = const_cast<std::byte*>(bytes.data());
    DUL_PDVLIST list{};
    list.count = 1;
    list.pdv = &pdv;
    const auto written = DUL_WritePDVs(&dul_->association->DULassociation, &list);
    if (written.bad()) return broken("the peer takes no more");
    return {};
}

Result<void> Association::send(std::uint8_t context_id, const Command& command) {
    return write(context_id, encode_command(command), true, true);
}

Result<void> Association::send(std::uint8_t context_id, const Command& command,
                               Bytes data_set) {
    TRY_VOID(send(context_id, command));
    return send_piece(context_id, data_set, Last::Yes);
}

Result<void> Association::send_piece(std::uint8_t context_id, Bytes piece, Last last) {
    return write(context_id, piece, false, last == Last::Yes);
}

Result<void> Association::release() {
    wait_at_most(patience_.request);
    const auto released = ASC_releaseAssociation(dul_->association);
    dul_->established = false;
    if (released.bad()) return broken("the peer does not answer the release");
    return {};
}

}  // namespace larmor::dimse
