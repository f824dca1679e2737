#pragma once
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmnet/dul.h>

#include <functional>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "dimse/channel.h"

namespace larmor::dimse {

/// The Upper Layer of DCMTK (PS3.8): PDUs and the association's states. The bytes move through
/// our channels, so that sockets are bound, bounded in time and interrupted by us.
class DulNetwork {
public:
    static Result<std::unique_ptr<DulNetwork>> make(T_ASC_NetworkRole role);
    ~DulNetwork();
    DulNetwork(const DulNetwork&) = delete;
    DulNetwork& operator=(const DulNetwork&) = delete;

    /// Reads the association request of a connection. The caller destroys `association`, which
    /// may be set after a failure too.
    OFCondition receive(const std::shared_ptr<Channel>& channel,
                        T_ASC_Association*& association);
    /// Connects and asks; `prepare` sees the channel before anything is sent. `parameters`
    /// belongs to `association` afterwards, where that is set.
    OFCondition request(T_ASC_Parameters* parameters, T_ASC_Association*& association,
                        std::shared_ptr<Channel>& channel,
                        const std::function<void(Channel&)>& prepare);

private:
    class Layer;
    explicit DulNetwork(std::unique_ptr<Layer> layer);
    std::unique_ptr<Layer> layer_;
    T_ASC_Network* network_ = nullptr;
};

}  // namespace larmor::dimse
