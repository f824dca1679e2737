#include "api/gzip_stream.h"

#include <zlib.h>

#include "base/result.h"

namespace larmor::api {

struct GzipStream::State {
    z_stream stream{};
    ~State() { deflateEnd(&stream); }
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
    // 15 is the largest window, 16 more asks for a gzip head. Level 1: metadata repeats itself
    // so much that higher levels cost time and gain little.
    LARMOR_CHECK(deflateInit2(&state_->stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) ==
                 Z_OK);
}
GzipStream::~GzipStream() = default;
GzipStream::GzipStream(GzipStream&&) noexcept = default;

std::string GzipStream::add(std::string_view piece, Last last) {
    z_stream& stream = state_->stream;
    std::string out(deflateBound(&stream, static_cast<uLong>(piece.size())) + 64, '\0');
    // zlib does not write to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = deflate(&stream, last == Last::Yes ? Z_FINISH : Z_SYNC_FLUSH);
    LARMOR_CHECK(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
    LARMOR_CHECK(stream.avail_in == 0);
    out.resize(out.size() - stream.avail_out);
    return out;
}

}  // namespace larmor::api
