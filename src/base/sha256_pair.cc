#include <algorithm>

#include "base/sha256_pair_internal.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace larmor {
namespace {

Sha256 sha256_of_pieces(std::span<const Bytes> pieces) {
    Sha256Stream stream;
    for (const Bytes piece : pieces) stream.update(piece);
    return stream.finish();
}

#ifdef __x86_64__

constexpr std::size_t kBlockBytes = 64, kWords = 8;

// FIPS 180-4, section 4.2.2.
alignas(16) constexpr std::uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

bool has_sha_instructions() {
    constexpr unsigned kShaBit = 1U << 29U, kSse41Bit = 1U << 19U;
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kSse41Bit) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kShaBit) != 0;
}

/// One of the inputs: how far it is, and where it goes on.
struct Lane {
    std::uint32_t state[kWords];
    const std::byte* at;
};

/// Takes `blocks` blocks into each of as many lanes. Within a lane each step waits for the one
/// before; those of the lanes are independent. Source: Intel SHA Extensions (2013), figure 8.
template <int lane_count>
__attribute__((target("sha,sse4.1"))) void compress(const std::array<Lane*, lane_count>& lanes,
                                                    std::size_t blocks) {
    const __m128i bytes_turned = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    // The instructions want the words a, b, e, f in one register and c, d, g, h in the other.
    __m128i abef[lane_count], cdgh[lane_count];
    const std::byte* at[lane_count];
    for (int l = 0; l < lane_count; ++l) {
        const auto* words = reinterpret_cast<const __m128i*>(lanes[l]->state);
        const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
        const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
        abef[l] = _mm_alignr_epi8(badc, hgfe, 8);
        cdgh[l] = _mm_blend_epi16(hgfe, badc, 0xf0);
        at[l] = lanes[l]->at;
    }
    for (; blocks > 0; --blocks) {
        __m128i abef_before[lane_count], cdgh_before[lane_count], message[lane_count][4];
        for (int l = 0; l < lane_count; ++l) {
            abef_before[l] = abef[l];
            cdgh_before[l] = cdgh[l];
            const auto* from = reinterpret_cast<const __m128i*>(at[l]);
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i) {
                message[l][i] = _mm_shuffle_epi8(_mm_loadu_si128(from + i), bytes_turned);
            }
            at[l] += kBlockBytes;
        }
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
            const __m128i constants =
                _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants) + i);
            __m128i sum[lane_count];
#pragma GCC unroll 2
            for (int l = 0; l < lane_count; ++l) {
                sum[l] = _mm_add_epi32(message[l][i & 3], constants);
                cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], sum[l]);
            }
#pragma GCC unroll 2
            for (int l = 0; l < lane_count; ++l) {
                auto& words = message[l];
                if (i >= 3 && i < 15) {
                    const __m128i late = _mm_alignr_epi8(words[i & 3], words[(i + 3) & 3], 4);
                    words[(i + 1) & 3] = _mm_sha256msg2_epu32(
                        _mm_add_epi32(words[(i + 1) & 3], late), words[i & 3]);
                }
                abef[l] =
                    _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(sum[l], 0x0e));
                if (i >= 1 && i < 13) {
                    words[(i + 3) & 3] = _mm_sha256msg1_epu32(words[(i + 3) & 3], words[i & 3]);
                }
            }
        }
        for (int l = 0; l < lane_count; ++l) {
            abef[l] = _mm_add_epi32(abef[l], abef_before[l]);
            cdgh[l] = _mm_add_epi32(cdgh[l], cdgh_before[l]);
        }
    }
    for (int l = 0; l < lane_count; ++l) {
        auto* words = reinterpret_cast<__m128i*>(lanes[l]->state);
        const __m128i feba = _mm_shuffle_epi32(abef[l], 0x1b);
        const __m128i dchg = _mm_shuffle_epi32(cdgh[l], 0xb1);
        _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
        _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
        lanes[l]->at = at[l];
    }
}

/// Pieces as runs of whole blocks that lie in one place, with the padding behind them.
class BlockRuns {
public:
    explicit BlockRuns(std::span<const Bytes> pieces) : pieces_(pieces) {
        // FIPS 180-4, section 5.3.3.
        constexpr std::uint32_t kStart[kWords] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                                  0xa54ff53a, 0x510e527f, 0x9b05688c,
                                                  0x1f83d9ab, 0x5be0cd19};
        std::ranges::copy(kStart, lane_.state);
        for (const Bytes piece : pieces) size_bytes_ += piece.size();
    }

    Lane& lane() { return lane_; }
    /// How many blocks lie where the lane goes on; 0 when all have been taken.
    std::size_t blocks() {
        if (blocks_ == 0) find_next();
        return blocks_;
    }
    void took(std::size_t blocks) { blocks_ -= blocks; }

    Sha256 digest() const {
        Sha256 digest{};
        for (std::size_t i = 0; i < kWords; ++i) {
            store_big(digest.data() + i * sizeof(std::uint32_t), lane_.state[i]);
        }
        return digest;
    }

private:
    void find_next() {
        if (is_padded_) return;
        while (!pieces_.empty() && piece_at_ == pieces_.front().size()) next_piece();
        if (!pieces_.empty() && pieces_.front().size() - piece_at_ >= kBlockBytes) {
            const Bytes left = pieces_.front().subspan(piece_at_);
            lane_.at = left.data();
            blocks_ = left.size() / kBlockBytes;
            piece_at_ += blocks_ * kBlockBytes;
            return;
        }
        std::size_t filled = 0;
        while (filled < kBlockBytes && !pieces_.empty()) {
            const Bytes left = pieces_.front().subspan(piece_at_);
            const auto count = std::min(left.size(), kBlockBytes - filled);
            std::memcpy(own_.data() + filled, left.data(), count);
            filled += count;
            piece_at_ += count;
            if (count == left.size()) next_piece();
        }
        lane_.at = own_.data();
        blocks_ = filled == kBlockBytes ? 1 : pad(filled);
    }
    void next_piece() {
        pieces_ = pieces_.subspan(1);
        piece_at_ = 0;
    }
    /// A bit, zeros, and the size in bits: FIPS 180-4, section 5.1.1.
    std::size_t pad(std::size_t filled) {
        constexpr std::size_t kSizeBytes = 8;
        is_padded_ = true;
        const std::size_t end =
            filled + 1 + kSizeBytes <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
        own_[filled] = std::byte{0x80};
        std::fill(own_.begin() + static_cast<std::ptrdiff_t>(filled) + 1,
                  own_.begin() + static_cast<std::ptrdiff_t>(end - kSizeBytes), std::byte{0});
        store_big(own_.data() + end - kSizeBytes, size_bytes_ * 8);
        return end / kBlockBytes;
    }

    std::span<const Bytes> pieces_;
    std::size_t piece_at_ = 0;  ///< of the first of them
    std::uint64_t size_bytes_ = 0;
    std::array<std::byte, 2 * kBlockBytes> own_{};
    bool is_padded_ = false;
    Lane lane_{};
    std::size_t blocks_ = 0;
};

std::array<Sha256, 2> interleaved(std::span<const Bytes> one, std::span<const Bytes> other) {
    std::array<BlockRuns, 2> runs{BlockRuns(one), BlockRuns(other)};
    auto& [first, second] = runs;
    while (const auto blocks = std::min(first.blocks(), second.blocks())) {
        compress<2>({&first.lane(), &second.lane()}, blocks);
        first.took(blocks);
        second.took(blocks);
    }
    // The longer one's end.
    for (auto& run : runs) {
        while (const auto blocks = run.blocks()) {
            compress<1>({&run.lane()}, blocks);
            run.took(blocks);
        }
    }
    return {first.digest(), second.digest()};
}

#endif

}  // namespace

std::array<Sha256, 2> sha256_one_after_the_other(std::span<const Bytes> one,
                                                 std::span<const Bytes> other) {
    return {sha256_of_pieces(one), sha256_of_pieces(other)};
}

Sha256Pair sha256_interleaved() {
#ifdef __x86_64__
    if (has_sha_instructions()) return interleaved;
#endif
    return nullptr;
}

std::array<Sha256, 2> sha256_pair(std::span<const Bytes> one, std::span<const Bytes> other) {
    static const Sha256Pair kInterleaved = sha256_interleaved();
    return kInterleaved != nullptr ? kInterleaved(one, other)
                                   : sha256_one_after_the_other(one, other);
}

}  // namespace larmor
