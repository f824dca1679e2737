#include "dicom/dictionary.h"

#include <algorithm>

#include "dicom/dictionary_data.h"

namespace larmor::dicom {

namespace {

using namespace dictionary_data;

template <std::size_t Buckets, std::size_t Slots>
std::uint16_t slot_of(std::uint64_t hash,
                      const std::array<std::uint16_t, Buckets>& displacements,
                      const std::array<std::uint16_t, Slots>& slots) {
    const auto displacement = displacements[hash >> (64 - kBucketBits)];
    return slots[(hash >> 32 & (Slots - 1)) ^ displacement];
}

const DictionaryRow* find_row(std::uint32_t tag) {
    const auto index = slot_of(tag * kMultiplier, kTagDisplacements, kTagSlots);
    if (index >= kRows.size()) return nullptr;
    const DictionaryRow& row = kRows[index];
    return row.tag == tag ? &row : nullptr;
}

/// The tag under which the dictionary holds a repeating group, or `tag` itself.
/// Source: PS3.6 section 5, "xx" and "x" in tags; PS3.5 section 7.6.
Tag first_of_repeating(Tag tag) {
    const auto [group, element] = std::pair(tag.group, tag.element);
    switch (group & 0xff00U) {
        case 0x5000:
        case 0x6000:
        case 0x7f00:
            return {static_cast<std::uint16_t>(group & 0xff00U), element};
        case 0x0000:
            if (group == 0x0020 && (element & 0xff00U) == 0x3100) return {group, 0x3100};
            // (0028,04xn) and (0028,08xn): the first x is 1 and 0.
            if (group == 0x0028 && (element & 0xff00U) == 0x0400 && (element & 0xf0U) != 0) {
                return {group, static_cast<std::uint16_t>(0x0410U | (element & 0xfU))};
            }
            if (group == 0x0028 && (element & 0xff00U) == 0x0800) {
                return {group, static_cast<std::uint16_t>(0x0800U | (element & 0xfU))};
            }
            return tag;
        case 0x1000:
            if (group == 0x1000) {
                return {group, static_cast<std::uint16_t>(0x0010U | (element & 0xfU))};
            }
            if (group == 0x1010) return {group, 0x0004};
            return tag;
        default:
            return tag;
    }
}

const DictionaryRow kGroupLength{0, 0, vr::UL, 0, 0, VrChoice::Fixed, true};
const DictionaryRow kPrivateCreator{0, 0, vr::LO, 0, 0, VrChoice::Fixed, false};

/// Without the two rows above a row has its own keyword in kText.
const DictionaryRow* find_any_row(Tag tag) {
    if (const auto* row = find_row(tag.value())) [[likely]]
        return row;
    if (tag.is_group_length()) return &kGroupLength;
    if (tag.is_private()) {
        return tag.element >= 0x10 && tag.element <= 0xff ? &kPrivateCreator : nullptr;
    }
    const Tag first = first_of_repeating(tag);
    return first == tag ? nullptr : find_row(first.value());
}

std::string_view keyword_of(const DictionaryRow& row) {
    if (&row == &kGroupLength) return "GenericGroupLength";
    if (&row == &kPrivateCreator) return "PrivateCreator";
    return {kText + row.keyword_offset, row.keyword_size};
}

std::string_view name_of(const PrivateCreatorRow& row) {
    return {kText + row.name_offset, row.name_size};
}

}  // namespace

std::optional<DictionaryEntry> find_entry(Tag tag) {
    const DictionaryRow* row = find_any_row(tag);
    if (row == nullptr) return std::nullopt;
    const bool rule = row == &kGroupLength || row == &kPrivateCreator;
    return DictionaryEntry{
        rule ? tag : Tag::from(row->tag), row->vr, row->choice, row->retired, keyword_of(*row),
        rule ? "1" : kVms[row->vm]};
}

std::string_view keyword_of(Tag tag) {
    const DictionaryRow* row = find_any_row(tag);
    return row == nullptr ? std::string_view() : keyword_of(*row);
}

std::optional<Tag> tag_of_keyword(std::string_view keyword) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, then mixed upward
    for (const char c : keyword) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    const auto index = slot_of(hash * kMultiplier, kKeywordDisplacements, kKeywordSlots);
    if (index >= kRows.size() || keyword_of(kRows[index]) != keyword) return std::nullopt;
    return Tag::from(kRows[index].tag);
}

std::optional<Tag> tag_of_lower_case_keyword(std::string_view keyword) {
    const auto is_it = [&](const auto& row) {
        return std::ranges::equal(keyword, keyword_of(row), {}, {}, [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
    };
    const auto row = std::ranges::find_if(kRows, is_it);
    if (row == kRows.end()) return std::nullopt;
    return Tag::from(row->tag);
}

int find_private_creator(std::string_view creator) {
    while (!creator.empty() && (creator.back() == ' ' || creator.back() == '\0')) {
        creator.remove_suffix(1);
    }
    const auto found = std::ranges::lower_bound(kCreators, creator, {}, name_of);
    if (found == kCreators.end() || name_of(*found) != creator) return -1;
    return static_cast<int>(found - kCreators.begin());
}

std::optional<PrivateEntry> find_private_entry(int creator, Tag tag) {
    if (creator < 0 || static_cast<std::size_t>(creator) >= kCreators.size()) {
        return std::nullopt;
    }
    const auto& owner = kCreators[static_cast<std::size_t>(creator)];
    const auto rows = kPrivateRows.subspan(owner.begin, owner.end - owner.begin);
    const auto element = static_cast<std::uint8_t>(tag.element);
    const auto before = [&](const PrivateRow& row) {
        if (row.group_last < tag.group) return true;
        if (row.group_first > tag.group) return false;
        return row.element < element;
    };
    const auto found = std::ranges::partition_point(rows, before);
    if (found == rows.end() || found->group_first > tag.group || found->element != element) {
        return std::nullopt;
    }
    return PrivateEntry{
        found->vr, {kText + found->keyword_offset, found->keyword_size}, kVms[found->vm]};
}

std::optional<PrivateEntry> find_private_entry(std::string_view creator, Tag tag) {
    return find_private_entry(find_private_creator(creator), tag);
}

Vr vr_of(Tag tag, bool is_signed) {
    const DictionaryRow* row = find_any_row(tag);
    if (row == nullptr) return vr::UN;
    return row->choice == VrChoice::UsOrSs && is_signed ? vr::SS : row->vr;
}

}  // namespace larmor::dicom
