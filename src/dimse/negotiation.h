#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larmor::dimse {

namespace sop_class {
inline constexpr std::string_view kVerification = "1.2.840.10008.1.1";
inline constexpr std::string_view kStorageCommitment = "1.2.840.10008.1.20.1";
inline constexpr std::string_view kPatientRootFind = "1.2.840.10008.5.1.4.1.2.1.1";
inline constexpr std::string_view kPatientRootMove = "1.2.840.10008.5.1.4.1.2.1.2";
inline constexpr std::string_view kPatientRootGet = "1.2.840.10008.5.1.4.1.2.1.3";
inline constexpr std::string_view kStudyRootFind = "1.2.840.10008.5.1.4.1.2.2.1";
inline constexpr std::string_view kStudyRootMove = "1.2.840.10008.5.1.4.1.2.2.2";
inline constexpr std::string_view kStudyRootGet = "1.2.840.10008.5.1.4.1.2.2.3";
}  // namespace sop_class

/// What a presentation context is about. Decided once, when it is negotiated.
enum class Service : std::uint8_t {
    None,  ///< not one of ours
    Verification,
    Storage,
    Find,
    Move,
    Get,
    StorageCommitment,
};

/// Storage: what the registry calls so, and what it does not know, below the root of DICOM's
/// storage classes or elsewhere: a private or later class is kept like any other.
Service service_of(std::string_view abstract_syntax);

/// Which of the proposed transfer syntaxes a context gets: the first in the peer's order, but
/// Explicit VR Little Endian before those that lose VRs (Implicit) or are retired (Big Endian).
/// What is stored is what comes, so that a data set in storage may have any syntax; the others
/// are read here, so that theirs is one of the two that every peer has. A context in which the
/// peer stores (C-GET) gets one that every instance can be written in, where it offers any: one
/// context may be all there is for its SOP class. Empty: none will do.
enum class PeerStores : bool { No, Yes };
std::string choose_transfer_syntax(Service service, std::span<const std::string> proposed,
                                   PeerStores peer_stores = PeerStores::No);

}  // namespace larmor::dimse
