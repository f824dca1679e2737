#pragma once
#include "reassembly/reads/read_ring.h"
#include "reassembly/spool/spool.h"

namespace larmor::reassembly::spool {

/// Reads single records of a spool, which outlives it and to which nobody writes any more; for
/// one thread.
class Reader {
public:
    explicit Reader(const Spool& spool) : spool_(&spool) {}

    /// The record and nothing else: its block is checked as a whole. Views until the next call.
    /// Errors: Corrupt when the block is not what was written or there is no such record; those
    /// of reading.
    Result<Record> read(std::uint64_t ordinal);

    /// What is done with record number `i` of those asked for. A view for as long as the call.
    using Visit = std::function<Result<void>(std::size_t i, const Record& record)>;
    /// Reads many, up to kReadsInFlight of them at once, and visits each as it comes. Errors,
    /// after which it is not used again: those of `read` and of `visit`, Unsupported where
    /// io_uring is forbidden.
    Result<void> read_all(std::span<const std::uint64_t> ordinals, const Visit& visit);

    static constexpr unsigned kReadsInFlight = 64;

private:
    /// A read that is under way: of record number `i` of those asked for.
    struct Waiting {
        std::size_t i = 0;
        ByteBuffer bytes;
    };
    /// Where the record's block lies, and some bytes behind it.
    Result<ByteRange> find(std::uint64_t ordinal) const;
    std::optional<Bytes> in_memory(ByteRange range) const;
    /// `bytes` begin with the block.
    Result<Record> decode(std::uint64_t ordinal, Bytes bytes);

    const Spool* spool_;
    Decompressor decompressor_;
    ByteBuffer buffer_;
    std::vector<Waiting> waiting_;
    std::optional<reads::ReadRing> ring_;  ///< last: it ends before the buffers it reads into
};

}  // namespace larmor::reassembly::spool
