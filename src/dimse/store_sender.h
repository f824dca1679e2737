#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dimse/association.h"
#include "dimse/data_set_source.h"

namespace larmor::dimse {

/// Of C-MOVE: on whose behalf.
struct Originator {
    std::string ae_title;
    std::uint16_t message_id = 0;
};

/// What became of one C-STORE as its sender sees it.
struct SendOutcome {
    std::uint16_t status = 0;  ///< of the response; a failure of ours is 0x0110
    std::string comment;       ///< of the response, or why nothing was sent
    std::uint64_t bytes = 0;   ///< of the data set
    bool cancelled = false;    ///< C-CANCEL came instead of the response, which followed
};

/// Sends one instance in a context that was accepted for its SOP class: as stored where one has
/// its transfer syntax, else written again in Explicit (or Implicit) VR Little Endian.
/// `peer_stores` picks those of C-GET. Errors: those of Association, after which it is of no
/// more use; everything else is in the outcome. Source: PS3.4 annex B.
Result<SendOutcome> send_instance(Association& association, DataSetSource& source,
                                  const std::optional<Originator>& originator,
                                  bool peer_stores = false);

/// Collects what is to be proposed for instances that are to be sent: one context for every SOP
/// class and stored transfer syntax, and one for each class with the two plain ones.
class Proposals {
public:
    /// False when the instance does not fit into this association any more.
    bool add(const std::string& sop_class_uid, const std::string& transfer_syntax);
    const std::vector<Proposal>& list() const { return list_; }

private:
    bool has(const std::string& sop_class_uid, const std::vector<std::string>& syntaxes) const;
    std::vector<Proposal> list_;
};

}  // namespace larmor::dimse
