#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace larmor::dicom {

enum class UidKind : std::uint8_t {
    TransferSyntax,
    SopClass,
    MetaSopClass,
    ServiceClass,
    WellKnown,  ///< SOP instances, frames of reference
    Other,      ///< coding schemes, application contexts, LDAP, mapping resources
};

/// A row of the registry of DICOM unique identifiers. Views of static data.
/// Source: PS3.6 annex A.
struct UidEntry {
    std::string_view uid;
    std::string_view name;     ///< CT Image Storage
    std::string_view keyword;  ///< CTImageStorage
    UidKind kind = UidKind::Other;
    bool retired = false;
};

/// Trailing NUL and blanks are ignored.
std::optional<UidEntry> find_uid(std::string_view uid);

}  // namespace larmor::dicom
