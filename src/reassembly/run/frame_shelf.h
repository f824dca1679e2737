#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "reassembly/fuse/member_name.h"

namespace larmor::reassembly::run {

/// Frames that came as members of their own wait here for the others of their instance: in
/// memory, and in a scratch file when they are too many. Safe from any thread.
class FrameShelf {
public:
    struct Frame {
        fuse::MemberName name;
        ByteBuffer bytes;
    };
    /// `folder`: for the scratch file.
    static Result<FrameShelf> create(const std::filesystem::path& folder,
                                     std::uint64_t memory_bytes);

    /// Keeps a frame. Gives all `expected` frames, in their order, when with this one they are
    /// there without a gap from 0 or from 1, else none. What comes later is not kept, nor what
    /// is there already. Errors: those of the scratch file.
    Result<std::vector<Frame>> put(Frame frame, std::uint32_t expected);

    struct Unfinished {
        std::string uid;
        std::uint32_t expected = 0;
        std::uint32_t found = 0;
    };
    /// Instances whose frames never were all there.
    std::vector<Unfinished> unfinished() const;

private:
    struct Kept {
        fuse::MemberName name;
        ByteBuffer bytes;
        std::optional<ByteRange> in_file;
    };
    struct Instance {
        std::uint32_t expected = 0;
        bool is_done = false;
        std::map<std::uint32_t, Kept> frames;
    };
    struct Shared {
        std::mutex mutex;
        UniqueFd file;
        std::uint64_t file_end = 0;
        std::uint64_t memory_used = 0;
        std::unordered_map<std::string, Instance> instances;
    };

    FrameShelf(UniqueFd file, std::uint64_t memory_bytes);
    Result<std::vector<Frame>> take(Instance& instance, std::uint32_t first);

    std::uint64_t memory_bytes_;
    std::unique_ptr<Shared> shared_;
};

}  // namespace larmor::reassembly::run
