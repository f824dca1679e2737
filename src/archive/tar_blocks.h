#pragma once
#include <array>
#include <functional>
#include <memory>

#include "archive/archive.h"
#include "archive/tar_header.h"

namespace larmor::archive {

/// The blocks of a tar, read once from front to back: finds the next header, over zeros and
/// over damage, which it tells of.
class TarBlocks {
public:
    /// `offset`: of the first byte that the source gives.
    TarBlocks(std::unique_ptr<Source> source, std::uint64_t offset,
              std::function<void(Damage)> note);
    ~TarBlocks();
    TarBlocks(const TarBlocks&) = delete;
    TarBlocks& operator=(const TarBlocks&) = delete;

    enum class Found : std::uint8_t {
        End,
        Header,
        BehindGap,  ///< something else lies before it
    };
    /// Reads blocks up to the next header, which is then `block`. Errors: InvalidInput where
    /// the first block of all is none.
    Result<Found> find_header();
    /// Reads one block; false at the end of the input, also where a part of a block is left.
    Result<bool> read_block();
    /// Fills the front of `out`; 0 at the end of the input.
    Result<std::size_t> read(std::span<std::byte> out);
    Result<std::size_t> read_fully(std::span<std::byte> out);
    /// Goes over bytes, unread where the source can; false where the input ends before.
    Result<bool> skip(std::uint64_t count);

    Bytes block() const { return block_; }
    /// Of the next byte, in the input.
    std::uint64_t offset() const { return offset_; }
    /// The whole input, what has passed too, or nullptr.
    RandomAccess* again();

private:
    class ReturningSource;
    /// Blocks without a header.
    struct Gap {
        std::uint64_t from = 0;
        std::uint64_t blocks = 0;
        std::uint64_t bytes() const { return blocks * kTarBlockBytes; }
        void take(std::uint64_t offset) {
            if (blocks++ == 0) from = offset;
        }
    };
    enum class Zeros : std::uint8_t {
        UsualEnd,
        UnusualEnd,  ///< as of some tools, or what is left of more than an end
        HalfAnEnd,
        NoEnd,
    };
    Result<bool> find_shifted_header();
    Zeros judge(const Gap& zeros) const;
    Found note_gaps(const Gap& zeros, const Gap& damaged);
    void note_end(const Gap& zeros, const Gap& damaged);
    void note_zeros_at_end(const Gap& zeros);

    std::unique_ptr<ReturningSource> source_;
    std::function<void(Damage)> note_;
    std::array<std::byte, kTarBlockBytes> block_{};
    ByteBuffer scratch_;
    std::uint64_t offset_;
    std::uint64_t begun_at_;  ///< the header behind the last gap: an archive may begin there
    bool any_header_ = false, zero_block_last_ = false;
};

}  // namespace larmor::archive
