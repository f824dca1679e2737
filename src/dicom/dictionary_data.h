#pragma once
// The generated tables and their shapes; only dictionary.cc and uids.cc look inside.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "dicom/dictionary.h"
#include "dicom/uids.h"

namespace larmor::dicom::dictionary_data {

struct DictionaryRow {
    std::uint32_t tag;
    std::uint32_t keyword_offset;  ///< in kText
    Vr vr;
    std::uint8_t keyword_size;
    std::uint8_t vm;  ///< in kVms
    VrChoice choice;
    bool retired;
};

/// The rows [begin, end) of kPrivateRows belong to one creator.
struct PrivateCreatorRow {
    std::uint32_t name_offset;
    std::uint16_t name_size;
    std::uint16_t begin;
    std::uint16_t end;
};

struct PrivateRow {
    std::uint16_t group_first;  ///< odd groups up to group_last
    std::uint16_t group_last;
    std::uint32_t keyword_offset;
    Vr vr;
    std::uint8_t element;  ///< the low byte
    std::uint8_t keyword_size;
    std::uint8_t vm;
};

extern const std::span<const DictionaryRow> kRows;          ///< sorted by tag
extern const std::span<const PrivateCreatorRow> kCreators;  ///< sorted by name
extern const std::span<const PrivateRow> kPrivateRows;      ///< sorted by group, element
extern const std::span<const std::string_view> kVms;
extern const std::span<const UidEntry> kUids;  ///< sorted by uid
extern const char* const kText;

/// Two perfect hashes of two levels: the upper bits of a hash choose a displacement, the middle
/// bits, displaced, a slot, which holds the number of a row or 0xffff.
inline constexpr unsigned kBucketBits = 11;
inline constexpr unsigned kSlotBits = 13;
inline constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
extern const std::array<std::uint16_t, 1U << kBucketBits> kTagDisplacements;
extern const std::array<std::uint16_t, 1U << kSlotBits> kTagSlots;
extern const std::array<std::uint16_t, 1U << kBucketBits> kKeywordDisplacements;
extern const std::array<std::uint16_t, 1U << kSlotBits> kKeywordSlots;

}  // namespace larmor::dicom::dictionary_data
