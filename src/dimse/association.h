#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dimse/channel.h"
#include "dimse/command.h"
#include "dimse/negotiation.h"

namespace larmor::dimse {

class DulNetwork;

/// Who calls whom; AE titles without padding. Chosen by the peer: not for labels of metrics.
struct Parties {
    std::string calling;
    std::string called;
};

/// A presentation context that was accepted.
struct PresentationContext {
    std::uint8_t id = 0;
    Service service = Service::None;
    std::string abstract_syntax;
    std::string transfer_syntax;
    bool peer_stores = false;  ///< the peer, who asked for the association, takes C-STORE in it
};

/// Why an association is not accepted. Source: PS3.8 section 9.3.4.
enum class Rejection : std::uint8_t {
    CalledTitleNotRecognized,
    CallingTitleNotRecognized,
    LocalLimitExceeded,
};

/// How long a peer may take.
struct Patience {
    std::chrono::milliseconds request{10'000};  ///< TLS handshake and association request
    std::chrono::milliseconds idle{60'000};     ///< between messages
    std::chrono::milliseconds stall{30'000};    ///< no byte of a message moved
    /// A data set that lasts longer than `stall` must have averaged this.
    std::uint64_t bytes_per_second_min = 1024;
};

/// What a requestor offers in one presentation context.
struct Proposal {
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;
    bool as_scp = false;  ///< we, who ask, play the service's provider (PS3.7 annex D.3.3.4)
};

/// Where a remote application entity listens.
struct RemoteAddress {
    std::string ae_title;
    std::string host;
    std::uint16_t port = 0;
    std::shared_ptr<http::TlsClientContext> tls{};  ///< nothing: plain
    friend bool operator==(const RemoteAddress&, const RemoteAddress&) = default;
};

struct Message {
    std::uint8_t context_id = 0;
    Command command;
};

/// One association (PS3.8), of either side, for one thread, which waits. A message is a command
/// and, where the command says so, a data set, which must be read or written before the next
/// command. Errors: Unavailable when the peer aborts, closes, or lets us wait; Cancelled when
/// we stop; InvalidInput when it breaks the protocol. After one the association is only good
/// for being destroyed, which aborts it.
class Association {
public:
    /// Says why not, or nothing. Called once, before anything is answered.
    using Admission = std::function<std::optional<Rejection>(const Parties&)>;
    /// Errors also: Denied where `admission` said no.
    static Result<std::unique_ptr<Association>> accept(DulNetwork& network,
                                                       std::shared_ptr<Channel> channel,
                                                       const Admission& admission,
                                                       const Patience& patience);
    /// At most 128 proposals. Errors also: Denied where the peer rejects, with its reason.
    static Result<std::unique_ptr<Association>> request(const RemoteAddress& remote,
                                                        const std::string& calling,
                                                        const std::vector<Proposal>& proposals,
                                                        const Patience& patience);
    /// Aborts where it was not released.
    ~Association();

    const Parties& parties() const { return parties_; }
    const std::vector<PresentationContext>& contexts() const { return contexts_; }
    const PresentationContext* context(std::uint8_t id) const;
    /// The peer's, as bytes of a data set's piece that fill one PDU.
    std::size_t piece_max_bytes() const;

    /// The next command; nothing when the peer has released the association.
    Result<std::optional<Message>> receive();
    /// The data set of the message that was received last, as it comes. Errors also: those of
    /// `take`; what is left of the data set is then not read.
    using TakePiece = std::function<Result<void>(Bytes)>;
    Result<void> receive_data_set(const TakePiece& take);
    /// The same in memory. Errors also: LimitExceeded.
    Result<ByteBuffer> receive_data_set(std::size_t max_bytes);
    /// True when something has come that was not read yet, or comes until `when`.
    bool message_waits(async::SteadyTime when = {});

    Result<void> send(std::uint8_t context_id, const Command& command);
    Result<void> send(std::uint8_t context_id, const Command& command, Bytes data_set);
    /// Of a data set in pieces, in order; the command before says that it has one.
    enum class Last : bool { No, Yes };
    Result<void> send_piece(std::uint8_t context_id, Bytes piece, Last last);

    /// As requestor, when nothing is outstanding.
    Result<void> release();

    /// True when we stop: nothing more is read from the peer.
    bool interrupted() const { return channel_->interrupted(); }

    std::uint16_t next_message_id() { return ++message_id_; }
    std::uint64_t bytes_received() const { return channel_->bytes_read(); }
    std::uint64_t bytes_sent() const { return channel_->bytes_written(); }

private:
    struct Dul;
    struct Fragment;
    Association(std::unique_ptr<Dul> dul, std::shared_ptr<Channel> channel,
                const Patience& patience);
    Result<bool> next_fragment(Fragment& fragment);
    Result<void> write(std::uint8_t context_id, Bytes bytes, bool is_command, bool is_last);
    void wait_at_most(std::chrono::milliseconds time);
    tl::unexpected<Error> broken(std::string_view what) const;

    std::unique_ptr<Dul> dul_;
    std::shared_ptr<Channel> channel_;
    Patience patience_;
    Parties parties_;
    std::vector<PresentationContext> contexts_;
    std::uint8_t data_set_context_ = 0;  ///< of the message that was received last
    std::uint16_t message_id_ = 0;
};

}  // namespace larmor::dimse
