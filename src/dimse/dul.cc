#include <dcmtk/oflog/oflog.h>
#include <fcntl.h>

#include <cerrno>

#include "dimse/dul_internal.h"

namespace larmor::dimse {
namespace {

/// Guards what DCMTK keeps in global variables: the first initialisation, and the socket that
/// the next association is received from.
std::mutex& dul_mutex() {
    static std::mutex mutex;
    return mutex;
}
/// Of dcmExternalSocketHandle: no socket, and none to be made either (DCMTK listens on all
/// addresses when it is negative).
constexpr int kNoSocket = 0;
/// What DCMTK waits for by itself: the connection, where we ask.
constexpr int kSecondsForTheRequest = 10;

/// What DCMTK sees of a channel. Waiting is the channel's: DCMTK is told to block.
class Connection final : public DcmTransportConnection {
public:
    explicit Connection(std::shared_ptr<Channel> channel)
        : DcmTransportConnection(channel->fd()), channel_(std::move(channel)) {}

    OFCondition serverSideHandshake() override { return handshake(); }
    OFCondition clientSideHandshake() override { return handshake(); }
    OFCondition renegotiate(const char*) override { return EC_IllegalCall; }
    ssize_t read(void* buffer, size_t count) override {
        errno = 0;  // DCMTK tries again for as long as it finds EINTR here
        const auto got = channel_->read({static_cast<std::byte*>(buffer), count});
        return static_cast<ssize_t>(got);
    }
    ssize_t write(void* buffer, size_t count) override {
        errno = 0;
        const bool sent = channel_->write({static_cast<const std::byte*>(buffer), count});
        return sent ? static_cast<ssize_t>(count) : -1;
    }
    void close() override { channel_->close(); }
    void closeTransportConnection() override { channel_->close(); }
    unsigned long getPeerCertificateLength() override { return 0; }
    unsigned long getPeerCertificate(void*, unsigned long) override { return 0; }
    OFBool networkDataAvailable(int timeout) override {
        return channel_->wait_readable(std::chrono::steady_clock::now() +
                                       std::chrono::seconds(timeout));
    }
    OFBool isTransparentConnection() override { return OFFalse; }
    OFString& dumpConnectionParameters(OFString& text) override { return text; }

private:
    OFCondition handshake() {
        return channel_->handshake() ? EC_Normal : OFCondition(DUL_NETWORKCLOSED);
    }
    std::shared_ptr<Channel> channel_;
};

void prepare_dcmtk() {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);  // it would name patients and peers as it likes
    dcmDisableGethostbyaddr.set(OFTrue);        // no look-up of a stranger's name
    dcmExternalSocketHandle.set(kNoSocket);
    dcmConnectionTimeout.set(kSecondsForTheRequest);  // or the kernel's two minutes
}

}  // namespace

class DulNetwork::Layer final : public DcmTransportLayer {
public:
    DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool) override {
        if (incoming) {
            const auto channel = std::exchange(incoming, nullptr);
            dcmExternalSocketHandle.set(kNoSocket);
            turn->unlock();  // the next connection need not wait until this one has spoken
            return new Connection(channel);
        }
        const int flags = ::fcntl(socket, F_GETFL);
        ::fcntl(socket, F_SETFL, flags | O_NONBLOCK);
        outgoing = std::make_shared<Channel>(UniqueFd(socket));
        prepare(*outgoing);
        return new Connection(outgoing);
    }

    /// Of the thread that receives, from before DCMTK looks for a socket until it has one.
    std::unique_lock<std::mutex>* turn = nullptr;
    std::shared_ptr<Channel> incoming;
    std::shared_ptr<Channel> outgoing;
    std::function<void(Channel&)> prepare;
};

Result<std::unique_ptr<DulNetwork>> DulNetwork::make(T_ASC_NetworkRole role) {
    const std::lock_guard lock(dul_mutex());
    static std::once_flag once;
    std::call_once(once, prepare_dcmtk);
    std::unique_ptr<DulNetwork> made(new DulNetwork(std::make_unique<Layer>()));
    const auto begun = ASC_initializeNetwork(role, 0, kSecondsForTheRequest, &made->network_);
    if (begun.bad()) return fail(ErrorCode::Unavailable, begun.text());
    ASC_setTransportLayer(made->network_, made->layer_.get(), 0);
    return made;
}

DulNetwork::DulNetwork(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}

DulNetwork::~DulNetwork() {
    if (network_ != nullptr) ASC_dropNetwork(&network_);
}

OFCondition DulNetwork::receive(const std::shared_ptr<Channel>& channel,
                                T_ASC_Association*& association) {
    std::unique_lock lock(dul_mutex());
    dcmExternalSocketHandle.set(channel->fd());
    layer_->incoming = channel;
    layer_->turn = &lock;
    const auto received = ASC_receiveAssociation(network_, &association, ASC_MAXIMUMPDUSIZE);
    if (lock.owns_lock()) {
        dcmExternalSocketHandle.set(kNoSocket);
        layer_->incoming = nullptr;
    }
    return received;
}

OFCondition DulNetwork::request(T_ASC_Parameters* parameters, T_ASC_Association*& association,
                                std::shared_ptr<Channel>& channel,
                                const std::function<void(Channel&)>& prepare) {
    layer_->prepare = prepare;
    const auto requested = ASC_requestAssociation(network_, parameters, &association);
    channel = std::exchange(layer_->outgoing, nullptr);
    return requested;
}

}  // namespace larmor::dimse
