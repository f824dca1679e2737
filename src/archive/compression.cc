#include "archive/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <array>

#include "archive/meter.h"

namespace larmor::archive {
namespace {

constexpr std::size_t kPieceBytes = 128 << 10;

/// What both decompressors share: the window on the compressed input, the limits, and the rule
/// that an error stays.
class Decompressor : public Source {
public:
    Decompressor(std::unique_ptr<Source> compressed, const Limits& limits)
        : compressed_(std::move(compressed)), meter_(limits), piece_(kPieceBytes) {}

    Result<std::size_t> read(std::span<std::byte> out) final {
        if (error_) {
            return tl::unexpected(*error_);
        }
        auto count = decompress(out);
        if (count) {
            if (auto allowed = meter_.give(*count, offset()); !allowed) {
                count = tl::unexpected(std::move(allowed).error());
            }
        }
        if (!count) {
            error_ = count.error();
        }
        return count;
    }

protected:
    virtual Result<std::size_t> decompress(std::span<std::byte> out) = 0;

    /// Makes `input_` hold at least one byte; false at the end of the compressed input.
    Result<bool> refill() {
        if (input_.empty()) {
            consumed_ += filled_;
            TRY(filled_, compressed_->read(piece_));
            input_ = Bytes(piece_).first(filled_);
        }
        return !input_.empty();
    }
    /// Of the next byte to be decompressed, in the compressed input.
    std::uint64_t offset() const { return consumed_ + (filled_ - input_.size()); }

    Bytes input_;

private:
    std::unique_ptr<Source> compressed_;
    Meter meter_;
    ByteBuffer piece_;
    std::size_t filled_ = 0;
    std::uint64_t consumed_ = 0;
    std::optional<Error> error_;
};

class Gunzip final : public Decompressor {
public:
    Gunzip(std::unique_ptr<Source> compressed, const Limits& limits)
        : Decompressor(std::move(compressed), limits) {
        LARMOR_CHECK(inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK);
    }
    ~Gunzip() override { inflateEnd(&stream_); }
    Gunzip(const Gunzip&) = delete;
    Gunzip& operator=(const Gunzip&) = delete;

private:
    Result<std::size_t> decompress(std::span<std::byte> out) override {
        while (true) {
            TRY(const bool more, refill());
            if (!more) {
                if (between_members_) {
                    return 0;
                }
                return invalid_at(offset(), "the gzip stream ends too early");
            }
            if (between_members_ && members_ > 0) {
                TRY(const bool another, starts_another());
                if (!another) {
                    continue;
                }
            }
            between_members_ = false;
            TRY(const auto count, inflate_some(out));
            if (count > 0) {
                return count;
            }
        }
    }

    /// Behind a member: a further one starts here, or zeros are passed over.
    Result<bool> starts_another() {
        if (input_[0] == std::byte{0x1f} && !padding_) {
            inflateReset(&stream_);
            return true;
        }
        if (input_[0] != std::byte{0}) {
            return invalid_at(offset(), "something that is no gzip follows the gzip stream");
        }
        padding_ = true;
        while (!input_.empty() && input_[0] == std::byte{0}) {
            input_ = input_.subspan(1);
        }
        return false;
    }

    Result<std::size_t> inflate_some(std::span<std::byte> out) {
        // zlib takes no const, and does not write into its input.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));
        stream_.avail_in = static_cast<uInt>(input_.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        const auto room = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30));
        stream_.avail_out = room;
        const int code = inflate(&stream_, Z_NO_FLUSH);
        input_ = input_.last(stream_.avail_in);
        if (code == Z_STREAM_END) {
            between_members_ = true;
            ++members_;
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return invalid_at(offset(), std::string("the gzip stream is wrong (") +
                                            (stream_.msg ? stream_.msg : "zlib") + ")");
        }
        return room - stream_.avail_out;
    }

    z_stream stream_{};
    bool between_members_ = false;
    bool padding_ = false;
    std::uint64_t members_ = 0;
};

class Unzstd final : public Decompressor {
public:
    Unzstd(std::unique_ptr<Source> compressed, const Limits& limits)
        : Decompressor(std::move(compressed), limits), stream_(ZSTD_createDStream()) {
        LARMOR_CHECK(stream_ != nullptr);
        ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 27);
    }
    ~Unzstd() override { ZSTD_freeDStream(stream_); }
    Unzstd(const Unzstd&) = delete;
    Unzstd& operator=(const Unzstd&) = delete;

private:
    Result<std::size_t> decompress(std::span<std::byte> out) override {
        while (true) {
            TRY(const bool more, refill());
            if (!more && frame_done_) {
                return 0;
            }
            ZSTD_inBuffer in{input_.data(), input_.size(), 0};
            ZSTD_outBuffer to{out.data(), out.size(), 0};
            const std::size_t wants = ZSTD_decompressStream(stream_, &to, &in);
            input_ = input_.subspan(in.pos);
            if (ZSTD_isError(wants)) {
                return fail_with(wants);
            }
            frame_done_ = wants == 0;
            if (to.pos > 0) {
                return to.pos;
            }
            if (!more) {
                return invalid_at(offset(), "the zstd stream ends too early");
            }
        }
    }

    tl::unexpected<Error> fail_with(std::size_t code) const {
        const std::string name = ZSTD_getErrorName(code);
        if (name.find("memory") != std::string::npos) {
            return fail(ErrorCode::LimitExceeded,
                        "the zstd stream wants a window of more than 128 MiB");
        }
        return invalid_at(offset(), "the zstd stream is wrong (" + name + ")");
    }

    ZSTD_DStream* stream_;
    bool frame_done_ = false;
};

}  // namespace

std::unique_ptr<Source> gunzip(std::unique_ptr<Source> compressed, const Limits& limits) {
    return std::make_unique<Gunzip>(std::move(compressed), limits);
}

std::unique_ptr<Source> unzstd(std::unique_ptr<Source> compressed, const Limits& limits) {
    return std::make_unique<Unzstd>(std::move(compressed), limits);
}

}  // namespace larmor::archive
