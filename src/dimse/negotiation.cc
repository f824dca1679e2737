#include "dimse/negotiation.h"

#include <algorithm>

#include "dicom/transfer_syntax.h"
#include "dicom/uids.h"

namespace larmor::dimse {
namespace {

constexpr std::string_view kDicomRoot = "1.2.840.10008.";
constexpr std::string_view kStorageRoot = "1.2.840.10008.5.1.4.1.1.";

bool is_plain(std::string_view syntax) {
    return syntax == dicom::kImplicitLittleUid || syntax == dicom::kExplicitLittleUid ||
           syntax == dicom::kExplicitBigUid;
}

bool has(std::span<const std::string> proposed, std::string_view syntax) {
    return std::find(proposed.begin(), proposed.end(), syntax) != proposed.end();
}

}  // namespace

Service service_of(std::string_view abstract_syntax) {
    using namespace sop_class;
    if (abstract_syntax == kVerification) return Service::Verification;
    if (abstract_syntax == kStorageCommitment) return Service::StorageCommitment;
    if (abstract_syntax == kPatientRootFind || abstract_syntax == kStudyRootFind) {
        return Service::Find;
    }
    if (abstract_syntax == kPatientRootMove || abstract_syntax == kStudyRootMove) {
        return Service::Move;
    }
    if (abstract_syntax == kPatientRootGet || abstract_syntax == kStudyRootGet) {
        return Service::Get;
    }
    if (const auto entry = dicom::find_uid(abstract_syntax)) {
        // The names of other services hold the word too: `Media Storage Directory Storage` is
        // a DICOMDIR, which is no instance.
        const bool stored = entry->kind == dicom::UidKind::SopClass &&
                            entry->name.find("Storage") != std::string_view::npos &&
                            entry->name.find("Media Storage") == std::string_view::npos &&
                            entry->name.find("Storage Commitment") == std::string_view::npos;
        return stored ? Service::Storage : Service::None;
    }
    const bool may_be_stored =
        abstract_syntax.starts_with(kStorageRoot) || !abstract_syntax.starts_with(kDicomRoot);
    return may_be_stored ? Service::Storage : Service::None;
}

std::string choose_transfer_syntax(Service service, std::span<const std::string> proposed,
                                   PeerStores peer_stores) {
    if (service == Service::None || proposed.empty()) return {};
    const bool comes_as_sent = service == Service::Storage && peer_stores == PeerStores::No;
    if (comes_as_sent && !is_plain(proposed.front())) return proposed.front();
    for (const auto syntax : {dicom::kExplicitLittleUid, dicom::kImplicitLittleUid}) {
        if (has(proposed, syntax)) return std::string(syntax);
    }
    return service == Service::Storage ? proposed.front() : std::string();
}

}  // namespace larmor::dimse
