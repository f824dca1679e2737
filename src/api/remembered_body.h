#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "api/context.h"

namespace larmor::api {

/// Keeps the pieces of a body while it is made, for Context::metadata, where it is found by the
/// next one who asks; a body of more than 8 MiB is not kept. Not safe from several threads.
class RememberedBody {
public:
    /// Under `key` when all of it was made. Of what was read since `generation`.
    void begin(std::string key, std::uint64_t generation) {
        key_ = std::move(key);
        generation_ = generation;
    }
    /// What is made is not good for others.
    void forget() {
        key_.clear();
        kept_.clear();
    }
    void add(Context& context, const std::shared_ptr<const std::string>& piece, bool is_last) {
        if (key_.empty()) return;
        kept_bytes_ += piece->size();
        if (kept_bytes_ > kBytesMax) return forget();
        kept_.push_back(piece);
        if (!is_last) return;
        const std::size_t size_bytes = key_.size() + kept_bytes_;
        context.metadata.remember(std::move(key_),
                                  std::make_shared<const MetadataPieces>(std::move(kept_)),
                                  size_bytes, generation_);
        forget();
    }

private:
    static constexpr std::size_t kBytesMax = std::size_t{8} << 20;

    std::string key_;  ///< empty: nothing is remembered
    std::uint64_t generation_ = 0;
    MetadataPieces kept_;
    std::size_t kept_bytes_ = 0;
};

}  // namespace larmor::api
