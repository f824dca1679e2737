#include "archive/compressor.h"

#include <zlib.h>
#include <zstd.h>

#include <array>

namespace larmor::archive {
namespace {

constexpr std::size_t kOutBytes = 64 << 10;

class PlainCompressor final : public Compressor {
public:
    void write(Bytes bytes, std::string& out) override { out += as_text(bytes); }
    void finish(std::string& /*out*/) override {}
};

class GzipCompressor final : public Compressor {
public:
    GzipCompressor() {
        constexpr int kLevel = 6, kWithGzipHeader = 16, kMemoryLevel = 8;
        LARMOR_CHECK(deflateInit2(&stream_, kLevel, Z_DEFLATED, MAX_WBITS + kWithGzipHeader,
                                  kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
    }
    ~GzipCompressor() override { deflateEnd(&stream_); }
    GzipCompressor(const GzipCompressor&) = delete;
    GzipCompressor& operator=(const GzipCompressor&) = delete;
    void write(Bytes bytes, std::string& out) override {
        // zlib counts in 32 bits.
        constexpr std::size_t kRunMaxBytes = std::size_t{1} << 30;
        while (!bytes.empty()) {
            const auto piece = bytes.first(std::min(bytes.size(), kRunMaxBytes));
            run(piece, Z_NO_FLUSH, out);
            bytes = bytes.subspan(piece.size());
        }
    }
    void finish(std::string& out) override { run({}, Z_FINISH, out); }

private:
    void run(Bytes bytes, int flush, std::string& out) {
        stream_.next_in =
            reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));  // only read
        stream_.avail_in = static_cast<uInt>(bytes.size());
        std::array<char, kOutBytes> buffer;
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
            stream_.avail_out = buffer.size();
            deflate(&stream_, flush);
            out.append(buffer.data(), buffer.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }
    z_stream stream_{};
};

class ZstdCompressor final : public Compressor {
public:
    ZstdCompressor() : context_(ZSTD_createCCtx()) {
        LARMOR_CHECK(context_ != nullptr);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
    }
    ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
    ZstdCompressor(const ZstdCompressor&) = delete;
    ZstdCompressor& operator=(const ZstdCompressor&) = delete;
    void write(Bytes bytes, std::string& out) override { run(bytes, ZSTD_e_continue, out); }
    void finish(std::string& out) override { run({}, ZSTD_e_end, out); }

private:
    void run(Bytes bytes, ZSTD_EndDirective directive, std::string& out) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        std::array<char, kOutBytes> buffer;
        while (true) {
            ZSTD_outBuffer piece{buffer.data(), buffer.size(), 0};
            const auto left = ZSTD_compressStream2(context_, &piece, &in, directive);
            LARMOR_CHECK(ZSTD_isError(left) == 0);
            out.append(buffer.data(), piece.pos);
            const bool done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
            if (done && (directive == ZSTD_e_end || piece.pos < piece.size)) return;
        }
    }
    ZSTD_CCtx* context_;
};

}  // namespace

std::unique_ptr<Compressor> Compressor::make(Compression compression) {
    switch (compression) {
        case Compression::Gzip:
            return std::make_unique<GzipCompressor>();
        case Compression::Zstd:
            return std::make_unique<ZstdCompressor>();
        default:
            return std::make_unique<PlainCompressor>();
    }
}

}  // namespace larmor::archive
