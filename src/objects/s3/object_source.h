#pragma once
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "archive/source.h"
#include "objects/s3/client.h"

namespace larmor::objects::s3 {

struct ObjectSourceOptions {
    /// Of each request of `read`; the next one is under way while the last is worked on, so
    /// that two of them are in memory.
    std::size_t window_bytes = 8 << 20;
};

/// An object as a stream that is pulled, and as bytes that can be read anywhere; always the
/// same state of it. Reads no byte twice, and no more than one window ahead of who reads. One
/// thread at a time for `read`, any for `read_at`.
class ObjectSource final : public archive::Source, public archive::RandomAccess {
public:
    /// `client` must outlive it. Errors: of Client::head; Unavailable for one in a cold tier.
    static Result<std::unique_ptr<ObjectSource>> open(Client& client, std::string key,
                                                      ObjectSourceOptions options);
    ~ObjectSource() override;

    /// Errors: of Client::get, which are given again; Conflict when the object was replaced.
    Result<std::size_t> read(std::span<std::byte> out) override;
    /// Where at least one window need not come. Not of an object whose SHA-256 is known: that
    /// is compared with what was read.
    Result<Passed> pass(std::uint64_t count) override;
    archive::RandomAccess* again() override { return this; }
    std::uint64_t size_bytes() const override { return info_.size_bytes; }
    Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    const ObjectInfo& info() const { return info_; }

private:
    ObjectSource(Client& client, std::string key, ObjectInfo info, ObjectSourceOptions options);
    void ask_for_next();
    Result<void> take_next();

    Client& client_;
    const std::string key_;
    const ObjectInfo info_;
    const ObjectSourceOptions options_;
    std::future<Result<ByteBuffer>> next_;  ///< invalid behind the last window
    std::uint64_t asked_ = 0;               ///< bytes, from the start
    std::uint64_t under_way_ = 0;           ///< bytes of `next_`
    ByteBuffer window_;
    std::size_t position_ = 0;  ///< in the window
    std::optional<Error> failed_;
    Sha256Stream hash_;
};

}  // namespace larmor::objects::s3
