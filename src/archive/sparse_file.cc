#include "archive/sparse_file.h"

#include <charconv>

#include "archive/tar_header.h"

namespace larmor::archive {
namespace {

constexpr std::size_t kNumberBytes = 12, kEntryBytes = 2 * kNumberBytes;
// Old GNU: entries and what follows them, in the header and in the blocks behind it.
constexpr std::size_t kHeaderEntriesAt = 386, kHeaderEntries = 4, kHeaderMoreAt = 482,
                      kHeaderSizeAt = 483;
constexpr std::size_t kExtensionEntries = 21, kExtensionMoreAt = 504;

tl::unexpected<Error> no_map(const char* what) {
    return fail(ErrorCode::InvalidInput, std::string("the map of a sparse file ") + what);
}

Result<void> add_region(std::vector<SparseRegion>& regions, SparseRegion region) {
    if (regions.size() == kSparseRegionsMax) {
        return fail(
            ErrorCode::LimitExceeded,
            "a sparse file of more than " + std::to_string(kSparseRegionsMax) + " regions");
    }
    regions.push_back(region);
    return {};
}

/// Entries of old GNU tar, up to one without a length: what was not needed is zeros.
Result<void> add_entries(Bytes entries, std::vector<SparseRegion>& regions) {
    for (; entries.size() >= kEntryBytes; entries = entries.subspan(kEntryBytes)) {
        if (entries[kNumberBytes] == std::byte{0}) return {};
        const auto offset = read_tar_number(entries.first(kNumberBytes));
        const auto count = read_tar_number(entries.subspan(kNumberBytes, kNumberBytes));
        if (!offset || !count) return no_map("has a number that is none");
        TRY_VOID(add_region(regions, {*offset, *count}));
    }
    return {};
}

std::optional<std::uint64_t> decimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// `offset,length,offset,length`, which may be empty.
Result<std::vector<SparseRegion>> read_map_record(std::string_view text) {
    std::vector<SparseRegion> regions;
    SparseRegion region;
    bool has_offset = false;
    if (text.ends_with(',')) return no_map("ends with a comma");
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto number = decimal(text.substr(0, comma));
        if (!number) return no_map("has a number that is none");
        (has_offset ? region.count : region.offset) = *number;
        if (has_offset) TRY_VOID(add_region(regions, region));
        has_offset = !has_offset;
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    if (has_offset) return no_map("ends with an offset");
    return regions;
}

}  // namespace

Result<SparseFile> SparseFile::make(std::vector<SparseRegion> regions, std::uint64_t size_bytes,
                                    std::uint64_t stored_bytes) {
    std::uint64_t end = 0, stored = 0;
    for (const auto& region : regions) {
        if (region.count == 0) continue;  // marks the end of a file that ends with a hole
        if (stored % kTarBlockBytes != 0) {
            return no_map("has a region that ends inside a block before another one");
        }
        if (region.offset < end) return no_map("has regions that are not in order");
        if (region.offset > size_bytes || region.count > size_bytes - region.offset) {
            return no_map("reaches beyond the end of the file");
        }
        end = region.offset + region.count;
        stored += region.count;  // at most `size_bytes`, since they are in order
    }
    if (stored != stored_bytes) {
        return fail(ErrorCode::InvalidInput,
                    "the map of a sparse file has " + std::to_string(stored) +
                        " bytes, stored are " + std::to_string(stored_bytes));
    }
    std::erase_if(regions, [](const SparseRegion& region) { return region.count == 0; });
    return SparseFile(std::move(regions), size_bytes);
}

SparseFile::Run SparseFile::next_run() const {
    while (at_ < regions_.size() && regions_[at_].offset + regions_[at_].count <= position_) {
        ++at_;
    }
    if (at_ == regions_.size()) return {true, size_bytes_ - position_};
    const auto& region = regions_[at_];
    if (position_ < region.offset) return {true, region.offset - position_};
    return {false, region.offset + region.count - position_};
}

Result<OldGnuMap> read_sparse_header(Bytes block) {
    OldGnuMap map;
    TRY_VOID(add_entries(block.subspan(kHeaderEntriesAt, kHeaderEntries * kEntryBytes),
                         map.regions));
    const auto size = read_tar_number(block.subspan(kHeaderSizeAt, kNumberBytes));
    if (!size) return no_map("gives the file a size that is no number");
    map.size_bytes = *size;
    map.more = block[kHeaderMoreAt] != std::byte{0};
    return map;
}

Result<void> read_sparse_extension(Bytes block, OldGnuMap& map) {
    map.more = block[kExtensionMoreAt] != std::byte{0};
    return add_entries(block.first(kExtensionEntries * kEntryBytes), map.regions);
}

Result<std::optional<PaxSparse>> read_pax_sparse(
    const std::map<std::string, std::string>& records) {
    const auto find = [&](const char* keyword) -> const std::string* {
        const auto at = records.find(keyword);
        return at == records.end() ? nullptr : &at->second;
    };
    const auto* major = find("GNU.sparse.major");
    const auto* map = find("GNU.sparse.map");
    const auto* size = find("GNU.sparse.realsize");
    if (size == nullptr) size = find("GNU.sparse.size");
    if (major == nullptr && map == nullptr && size == nullptr) return std::nullopt;
    PaxSparse sparse;
    if (major != nullptr) {
        const auto* minor = find("GNU.sparse.minor");
        if (*major != "1" || minor == nullptr || *minor != "0") {
            return fail(ErrorCode::Unsupported,
                        "a sparse file of a version that we don't know");
        }
        sparse.map_is_in_front = true;
    } else {
        if (map != nullptr) {
            TRY(sparse.regions, read_map_record(*map));
        }
        const auto* count = find("GNU.sparse.numblocks");
        if (count != nullptr && decimal(*count) != sparse.regions.size()) {
            return no_map("has another number of regions than it says");
        }
    }
    const auto number = size != nullptr ? decimal(*size) : std::nullopt;
    if (!number) return no_map("gives the file no size");
    sparse.size_bytes = *number;
    if (const auto* name = find("GNU.sparse.name")) sparse.path = *name;
    return sparse;
}

Result<bool> FrontMap::add(Bytes block) {
    constexpr std::size_t kDigitsMax = 20;
    for (const char c : as_text(block)) {
        if (count_ && regions_.size() == *count_) return true;
        if (c == '\n') {
            const auto number = decimal(digits_);
            if (!number) return no_map("has a number that is none");
            TRY_VOID(take_number(*number));
            digits_.clear();
        } else if (digits_.size() == kDigitsMax) {
            return no_map("has a number that is none");
        } else {
            digits_ += c;
        }
    }
    return count_ && regions_.size() == *count_;
}

Result<void> FrontMap::take_number(std::uint64_t number) {
    if (!count_) {
        count_ = number;
        if (number <= kSparseRegionsMax) return {};
        return fail(ErrorCode::LimitExceeded, "a sparse file of " + std::to_string(number) +
                                                  " regions (at most " +
                                                  std::to_string(kSparseRegionsMax) + ")");
    }
    if (!offset_) {
        offset_ = number;
        return {};
    }
    TRY_VOID(add_region(regions_, {*offset_, number}));
    offset_.reset();
    return {};
}

}  // namespace larmor::archive
