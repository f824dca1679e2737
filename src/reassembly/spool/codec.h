#pragma once
#include <memory>
#include <span>

#include "base/bytes.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace larmor::reassembly::spool {

/// What records of one source have in common: a zstd dictionary, for one spool. May be empty.
class Dictionary {
public:
    /// Trained on samples that lie one behind the other. Empty where they are too few or too
    /// different to be of use.
    static Dictionary train(Bytes samples, std::span<const std::size_t> sizes);
    /// One that was written, or none. Errors: Corrupt for what zstd takes for a broken one.
    static Result<Dictionary> read(ByteBuffer bytes);
    Dictionary() = default;
    ~Dictionary();
    Dictionary(Dictionary&&) noexcept;
    Dictionary& operator=(Dictionary&&) noexcept;
    Bytes bytes() const { return bytes_; }

private:
    friend class Compressor;
    friend class Decompressor;
    struct Free {
        void operator()(ZSTD_CDict_s* dictionary) const;
        void operator()(ZSTD_DDict_s* dictionary) const;
    };
    explicit Dictionary(ByteBuffer bytes);
    bool is_usable() const { return bytes_.empty() || (compress_ && decompress_); }

    ByteBuffer bytes_;
    std::unique_ptr<ZSTD_CDict_s, Free> compress_;
    std::unique_ptr<ZSTD_DDict_s, Free> decompress_;
};

/// Each record becomes a zstd frame of its own, at level 1. For one thread.
class Compressor {
public:
    Compressor();
    ~Compressor();
    Compressor(Compressor&&) noexcept;
    Compressor& operator=(Compressor&&) noexcept;
    /// Appends the frame to `out`; its size.
    std::size_t append(const Dictionary& dictionary, Bytes record, ByteBuffer& out);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

/// For one thread.
class Decompressor {
public:
    Decompressor();
    ~Decompressor();
    Decompressor(Decompressor&&) noexcept;
    Decompressor& operator=(Decompressor&&) noexcept;
    /// Errors: Corrupt when the frame is not one, or says that it is larger than
    /// `size_max_bytes`.
    Result<Bytes> read(const Dictionary& dictionary, Bytes frame, std::uint64_t size_max_bytes);

private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    ByteBuffer out_;
};

}  // namespace larmor::reassembly::spool
