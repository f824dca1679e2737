#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::dicom {

/// The name of a data element: (group, element). Ordered as data sets are.
struct Tag {
    std::uint16_t group = 0;
    std::uint16_t element = 0;

    constexpr Tag() = default;
    constexpr Tag(std::uint16_t group_, std::uint16_t element_)
        : group(group_), element(element_) {}
    /// From 0xGGGGEEEE.
    static constexpr Tag from(std::uint32_t value) {
        return {static_cast<std::uint16_t>(value >> 16), static_cast<std::uint16_t>(value)};
    }
    constexpr std::uint32_t value() const {
        return static_cast<std::uint32_t>(group) << 16 | element;
    }
    constexpr bool is_private() const { return (group & 1) != 0; }
    constexpr bool is_group_length() const { return element == 0; }
    friend constexpr auto operator<=>(const Tag&, const Tag&) = default;
};

/// `(0010,0020)`.
std::string to_string(Tag tag);
/// `00100020`, the key of DICOM JSON (PS3.18 section F.2.2).
std::string to_json_key(Tag tag);
/// Reads `00100020` or `(0010,0020)`, in either case. Errors: InvalidInput.
Result<Tag> parse_tag(std::string_view text);

/// The end of sequences, items and encapsulated pixel data. Source: PS3.5 section 7.5.
inline constexpr Tag kItem{0xfffe, 0xe000};
inline constexpr Tag kItemDelimitation{0xfffe, 0xe00d};
inline constexpr Tag kSequenceDelimitation{0xfffe, 0xe0dd};

}  // namespace larmor::dicom
