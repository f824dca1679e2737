#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "http/message.h"
#include "http/request_head.h"
#include "http/stream.h"

namespace larmor::http {

/// The body of a request on its connection: plain or chunked, bounded, asked for with
/// 100-continue where the client waits for that. Internal to http.
class RequestBody final : public BodyReader {
public:
    RequestBody(Stream& stream, const RequestHead& head, std::uint64_t size_max);

    Task<Result<std::size_t>> read(std::span<std::byte> out) override;
    std::optional<std::uint64_t> length() const override { return length_; }

    /// Reads the whole body of a known length into `out`, whose memory grows with what arrives.
    Task<Result<void>> read_all(std::string& out);

    /// Whether the next request begins at the next byte.
    bool finished() const;
    /// Whether it can be read and dropped at little cost, so that the connection can be kept.
    bool is_cheap_to_drop() const;
    /// Reads and drops what is left; false when that fails.
    Task<bool> drop();

private:
    Task<Result<void>> begin();
    Task<Result<std::size_t>> read_chunked(std::span<char> out);
    Task<Result<std::size_t>> read_plain(std::span<char> out);

    Stream& stream_;
    const std::optional<std::uint64_t> length_;
    const bool chunked_;
    const std::uint64_t size_max_;
    bool expects_continue_;
    bool begun_ = false;
    std::uint64_t left_;       ///< of a body of known length
    std::uint64_t taken_ = 0;  ///< of a chunked one
    ChunkedDecoder decoder_;
    std::optional<Error> failed_;
};

}  // namespace larmor::http
