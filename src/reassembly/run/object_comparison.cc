#include "reassembly/run/object_comparison.h"

#include <fcntl.h>

#include <algorithm>

namespace larmor::reassembly::run {

namespace s3 = objects::s3;

Result<ObjectComparison> ObjectComparison::open(s3::Client& client, const std::string& key,
                                                std::filesystem::path otherwise) {
    // Two of them are in memory, in the place of the part that a put would hold.
    constexpr std::size_t kWindowBytes = 2 << 20;
    const s3::ObjectSourceOptions options{.window_bytes = kWindowBytes};
    TRY(std::unique_ptr<s3::ObjectSource> object, s3::ObjectSource::open(client, key, options));
    return ObjectComparison(client, key, std::move(object), std::move(otherwise));
}

Result<void> ObjectComparison::write(Bytes piece) {
    if (!file_) {
        theirs_.resize(piece.size());
        TRY(const auto count, archive::read_fully(*object_, theirs_));
        if (count == piece.size() && std::ranges::equal(piece, theirs_)) {
            same_bytes_ += count;
            return {};
        }
        TRY_VOID(differ());
    }
    return write_all(file_, piece);
}

/// What came was the same as what the object begins with.
Result<void> ObjectComparison::differ() {
    TRY(file_, open_file(otherwise_, O_WRONLY | O_CREAT | O_TRUNC));
    if (same_bytes_ == 0) return {};
    s3::GetOptions before;
    before.range = ByteRange{0, same_bytes_};
    before.etag = object_->info().etag;
    TRY_VOID(client_->get(key_, before, [&](Bytes piece) { return write_all(file_, piece); }));
    return {};
}

Result<bool> ObjectComparison::finish() {
    if (!file_ && same_bytes_ == object_->size_bytes()) return true;
    if (!file_) TRY_VOID(differ());
    return false;
}

}  // namespace larmor::reassembly::run
