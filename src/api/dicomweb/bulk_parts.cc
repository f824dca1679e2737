#include "api/dicomweb/bulk_parts.h"

#include <algorithm>

#include "base/ids.h"

namespace larmor::api {

void BulkParts::begin(std::string location, http::MediaType type) {
    // Equal keys stay in the order in which they came.
    const auto added = parts_.emplace(std::move(location),
                                      Part{.type = std::move(type), .range = {size_bytes_, 0}});
    current_ = &added->second;
}

Result<void> BulkParts::write(Bytes piece) {
    LARMOR_CHECK(current_ != nullptr);
    if (!upload_ && memory_.size() + piece.size() > kMemoryMaxBytes) {
        TRY(upload_, store_.begin_upload("incoming/" + random_id()));
        TRY_VOID(upload_->write(memory_));
        memory_ = {};
    }
    if (upload_) {
        TRY_VOID(upload_->write(piece));
    } else {
        memory_.insert(memory_.end(), piece.begin(), piece.end());
    }
    current_->range.count += piece.size();
    size_bytes_ += piece.size();
    return {};
}

Result<void> BulkParts::finish() {
    current_ = nullptr;
    if (upload_) {
        TRY(mapping_, upload_->map());
    }
    return {};
}

std::vector<BulkParts::Part*> BulkParts::find(std::string_view location) {
    std::vector<Part*> found;
    const auto [first, last] = parts_.equal_range(location);
    for (auto at = first; at != last; ++at) {
        found.push_back(&at->second);
    }
    return found;
}

Bytes BulkParts::bytes_of(const Part& part) const {
    const Bytes all = upload_ ? mapping_.bytes() : Bytes(memory_);
    return all.subspan(part.range.offset, part.range.count);
}

std::size_t BulkParts::unused() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(parts_, [](const auto& entry) { return !entry.second.used; }));
}

}  // namespace larmor::api
