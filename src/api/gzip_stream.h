#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace larmor::api {

/// Compresses a body that is made piece by piece into one gzip member (RFC 1952), so that
/// memory is bounded by a piece. (Browsers stop after the first member, so pieces can't be
/// members of their own.)
class GzipStream {
public:
    enum class Last : bool { No, Yes };

    GzipStream();
    ~GzipStream();
    GzipStream(GzipStream&&) noexcept;

    /// What is to be sent for this piece; may be empty when not the last. About 60 MB/s here.
    std::string add(std::string_view piece, Last last);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace larmor::api
