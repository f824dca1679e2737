#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "catalog/records.h"
#include "objects/object_store.h"

namespace larmor::api {

/// An instance and where its bytes are: what a retrieval needs.
struct LocatedInstance {
    catalog::StoredInstance instance;
    objects::ObjectLocation file;
    /// What was prepared, where a lister was asked for it: then `file` is not filled in.
    std::optional<objects::ObjectLocation> metadata;
    /// pixels::FrameIndex in its stored form; empty where there is none (yet).
    ByteBuffer frame_index;
    /// The file begins with preamble and file meta information (PS3.10 section 7.1); nothing
    /// where nobody looked.
    std::optional<bool> is_file_format;
};
using LocatedInstancePtr = std::shared_ptr<const LocatedInstance>;

/// Remembers where instances are, so that a frame that is asked for again costs neither a
/// database read nor a thread change. Holds what never changes while an instance stands: those
/// that are prepared. Bounded by count and bytes, the older half is forgotten at once.
/// Safe from any thread.
class InstanceCache {
public:
    static constexpr std::size_t kEntriesMax = 32'768;
    static constexpr std::size_t kBytesMax = std::size_t{64} << 20;

    LocatedInstancePtr find(std::string_view path) const;
    /// Changes with `forget_all`: taken before the library is read, it says whether what was
    /// read may still be remembered.
    std::uint64_t generation() const;
    void remember(std::string path, LocatedInstancePtr located, std::uint64_t generation);
    /// What was deleted or recovered must not be found as it was.
    void forget_all();

private:
    using Map = std::unordered_map<std::string, LocatedInstancePtr>;
    mutable std::mutex mutex_;
    Map young_;
    Map old_;
    std::size_t young_bytes_ = 0;
    std::uint64_t generation_ = 0;
};

}  // namespace larmor::api
