#include "dicom/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>

namespace larmor::dicom {

namespace {

/// zlib counts in 32 bits.
constexpr std::size_t kPieceMax = 1U << 30;
/// What the buffer starts with, in multiples of the input: data sets shrink by about 2.
constexpr std::size_t kFirstGrowth = 3;

struct Stream {
    z_stream z{};
    bool ready = inflateInit2(&z, -MAX_WBITS) == Z_OK;
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() {
        if (ready) inflateEnd(&z);
    }
};

}  // namespace

Result<ByteBuffer> inflate_raw(Bytes deflated, std::uint64_t size_max_bytes) {
    Stream stream;
    if (!stream.ready) return fail(ErrorCode::Unavailable, "zlib gave no memory to inflate");
    z_stream& z = stream.z;

    const auto size_max = static_cast<std::size_t>(
        std::min<std::uint64_t>(size_max_bytes, std::numeric_limits<std::ptrdiff_t>::max()));
    ByteBuffer out(std::min(size_max, deflated.size() * kFirstGrowth + 64));
    std::size_t taken = 0;
    std::size_t made = 0;
    for (;;) {
        const std::size_t in = std::min(deflated.size() - taken, kPieceMax);
        const std::size_t room = std::min(out.size() - made, kPieceMax);
        std::byte spill{};  // one byte more than allowed tells a full buffer from the end
        z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(deflated.data() + taken));
        z.avail_in = static_cast<uInt>(in);
        z.next_out = reinterpret_cast<Bytef*>(room > 0 ? out.data() + made : &spill);
        z.avail_out = static_cast<uInt>(room > 0 ? room : 1);
        const int code = inflate(&z, Z_NO_FLUSH);
        taken += in - z.avail_in;
        if (room > 0) {
            made += room - z.avail_out;
        } else if (z.avail_out == 0) {
            return fail(ErrorCode::LimitExceeded, "a deflated data set of " +
                                                      std::to_string(deflated.size()) +
                                                      " bytes inflates to more than " +
                                                      std::to_string(size_max) + " bytes");
        }
        if (code == Z_STREAM_END) break;
        if (code != Z_OK && code != Z_BUF_ERROR) {
            return invalid_at(taken, "a damaged deflate stream");
        }
        if (z.avail_out > 0 && taken == deflated.size()) {
            return invalid_at(taken, "a deflate stream that ends too early");
        }
        if (made == out.size() && made < size_max) {
            out.resize(made > size_max / 2 ? size_max : std::max<std::size_t>(made * 2, 64));
        }
    }
    out.resize(made);
    return out;
}

}  // namespace larmor::dicom
