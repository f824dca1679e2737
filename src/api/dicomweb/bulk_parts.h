#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "http/media_type.h"
#include "objects/object_store.h"

namespace larmor::api {

/// The bulk data parts of one STOW-RS request, found by their Content-Location. Metadata comes
/// first and may name them in any order, so all are kept until the body has ended: up to
/// `kMemoryMaxBytes` in memory, more in a file of the store that goes away with this.
class BulkParts {
public:
    static constexpr std::uint64_t kMemoryMaxBytes = std::uint64_t{16} << 20;

    struct Part {
        http::MediaType type;
        ByteRange range;    ///< of all bytes
        bool used = false;  ///< by a value: whoever looks at it says so
    };

    explicit BulkParts(objects::ObjectStore& store) : store_(store) {}

    /// Parts of one location are the frames of one value, in their order.
    void begin(std::string location, http::MediaType type);
    /// Of the part that was begun last. Blocks. Errors: those of an Upload.
    Result<void> write(Bytes piece);
    /// No more comes; from here on `find` and `bytes_of`. Blocks.
    Result<void> finish();

    /// Empty where there is none.
    std::vector<Part*> find(std::string_view location);
    Bytes bytes_of(const Part& part) const;
    std::size_t unused() const;

private:
    objects::ObjectStore& store_;
    std::multimap<std::string, Part, std::less<>> parts_;
    Part* current_ = nullptr;
    ByteBuffer memory_;
    std::unique_ptr<objects::Upload> upload_;
    MappedFile mapping_;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace larmor::api
