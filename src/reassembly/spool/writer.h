#pragma once
#include "reassembly/spool/spool.h"

namespace larmor::reassembly::spool {

/// Appends the records that one thread scans to a spool, which outlives it. Blocks are written
/// a MiB at a time.
class Writer {
public:
    explicit Writer(Spool& spool) : spool_(&spool) {}

    /// The ordinal of the record, which can be read when it was flushed. Ordinals of one writer
    /// rise, with gaps. Errors, after which the spool can't be gone on with: LimitExceeded for
    /// a record over kRecordBytesMax; those of writing.
    Result<std::uint64_t> append(const Record& record);
    /// Writes what was held back, as before every sync and at the end.
    Result<void> flush();

private:
    void finish_block();
    Result<void> write_out();

    Spool* spool_;
    Compressor compressor_;
    ByteBuffer encoded_;
    BlockBuilder block_;
    std::uint64_t number_ = 0;  ///< of the block that is being filled
    ByteBuffer out_;
    std::vector<Spool::Written> written_;
};

}  // namespace larmor::reassembly::spool
