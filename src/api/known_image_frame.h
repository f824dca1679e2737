#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "catalog/edit.h"
#include "catalog/records.h"
#include "objects/object_store.h"

namespace larmor::api {

/// A frame of HealthImaging's GetImageFrame whose bytes are stored, to be given again to
/// whoever asks the same. Holds no open file.
struct KnownImageFrame {
    objects::ObjectLocation object;
    std::vector<ByteRange> ranges;
    std::string_view content_type;
    catalog::StoredInstance instance;
    catalog::PlacedImageSet placed;
};

/// Instances whose image frames were asked of a worker since the server started: each once,
/// though a viewer asks for a hundred of its frames. Forgets all when there are many. Safe from
/// any thread.
class RequestedOnce {
public:
    static constexpr std::size_t kRowsMax = 10'000;
    /// False where it was there.
    bool add(std::int64_t row) {
        const std::scoped_lock lock(mutex_);
        if (rows_.size() >= kRowsMax) rows_.clear();
        return rows_.insert(row).second;
    }

private:
    std::mutex mutex_;
    std::unordered_set<std::int64_t> rows_;
};

}  // namespace larmor::api
