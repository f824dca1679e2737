#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "dicom/tag.h"
#include "dicom/vr.h"

namespace larmor::dicom {

/// How the VR of a data element follows from others where the dictionary names several.
enum class VrChoice : std::uint8_t {
    Fixed,         ///< one VR
    UsOrSs,        ///< by Pixel Representation (0028,0103), see `vr_of`
    ObOrOw,        ///< Pixel Data, overlays, curves, waveforms: OW in Implicit VR
    UsOrOw,        ///< tables of look-up data: OW, which also holds 2^16 entries
    NoneDelimiter  ///< items and delimiters have no VR
};

/// A row of the data dictionary (PS3.6 and PS3.7, with DICONDE and DICOS). Views of static
/// data.
struct DictionaryEntry {
    Tag tag;         ///< of a repeating group: the first, 6000 for 60xx
    Vr vr = vr::UN;  ///< the only one, or the one that stands in for a choice
    VrChoice choice = VrChoice::Fixed;
    bool retired = false;
    std::string_view keyword;  ///< PatientName
    std::string_view vm;       ///< 1, 1-n, 2-2n, ...
};

/// The entry of a standard data element; repeating groups (50xx, 60xx, ...), group lengths and
/// private creators (gggg,0010-00FF) included. Nothing for other private tags. About 5 ns.
std::optional<DictionaryEntry> find_entry(Tag tag);
/// Its keyword, or empty.
std::string_view keyword_of(Tag tag);
/// The tag of a keyword, letter for letter; `OverlayData` gives (6000,3000).
std::optional<Tag> tag_of_keyword(std::string_view keyword);
/// The same for a keyword in lower case, as names of columns are. Looks at every entry.
std::optional<Tag> tag_of_lower_case_keyword(std::string_view keyword);

/// What a private creator calls (gggg,xxee): by the group and the low byte of the element.
/// Trailing blanks of `creator` are ignored. Source: DCMTK's private dictionary, then that of
/// pydicom (GDCM).
struct PrivateEntry {
    Vr vr = vr::UN;
    std::string_view keyword;  ///< may be "Unknown"
    std::string_view vm;
};
std::optional<PrivateEntry> find_private_entry(std::string_view creator, Tag tag);
/// The same in two steps, for those who look up many elements of one creator: -1 for unknown.
int find_private_creator(std::string_view creator);
std::optional<PrivateEntry> find_private_entry(int creator, Tag tag);

/// The VR of a standard data element where the data set does not say it. `is_signed` is Pixel
/// Representation (0028,0103) = 1 of the nearest enclosing data set that has it; without one it
/// is false. LUT Descriptor and Palette Color Lookup Table Descriptor follow the same rule.
/// Everything unknown is UN. Source: PS3.5 section A.1 and PS3.3 sections C.7.6.3.1 and C.11.1.
Vr vr_of(Tag tag, bool is_signed = false);

}  // namespace larmor::dicom
