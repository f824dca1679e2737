#include "api/gzip_stream.h"

#include <zlib.h>

namespace larmor::api {
namespace {

/// zlib's own reader of gzip; stops after the first member, as browsers do.
std::string inflated(const std::string& bytes) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string out(1 << 22, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(stream.avail_in, 0U);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

TEST(GzipStream, MakesOneMemberOfAllPieces) {
    GzipStream stream;
    std::string text;
    std::string bytes;
    for (int i = 0; i < 50; ++i) {
        std::string piece;
        for (int j = 0; j < 1000; ++j) {
            piece += std::to_string(i * 7919 + j * j) + ",";
        }
        text += piece;
        bytes += stream.add(piece, i == 49 ? GzipStream::Last::Yes : GzipStream::Last::No);
    }
    EXPECT_LT(bytes.size(), text.size());
    EXPECT_EQ(inflated(bytes), text);
}

TEST(GzipStream, TakesEmptyPiecesAndNoise) {
    GzipStream stream;
    std::string noise(100'000, '\0');
    std::uint32_t state = 1;
    for (char& c : noise) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    std::string bytes = stream.add("", GzipStream::Last::No);
    bytes += stream.add("", GzipStream::Last::No);
    bytes += stream.add(noise, GzipStream::Last::No);
    bytes += stream.add("", GzipStream::Last::Yes);
    EXPECT_EQ(inflated(bytes), noise);
}

}  // namespace
}  // namespace larmor::api
