#include "reassembly/uid_index/uid_hash.h"

// Compiled in place: a call into the library costs as much as hashing a UID.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/ids.h"

namespace larmor::reassembly::uid_index {

static_assert(std::tuple_size_v<UidHasher::Secret> >= XXH3_SECRET_SIZE_MIN);

UidHasher UidHasher::with_random_secret() {
    Secret secret;
    fill_random(secret);
    return UidHasher(secret);
}

UidHash UidHasher::operator()(std::string_view uid) const {
    const XXH128_hash_t hash =
        XXH3_128bits_withSecret(uid.data(), uid.size(), secret_.data(), secret_.size());
    return {.high = hash.high64 & mask_, .low = hash.low64 & mask_};
}

}  // namespace larmor::reassembly::uid_index
