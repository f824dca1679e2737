#include "reassembly/run/frame_shelf.h"

#include <fcntl.h>

#include "reassembly/reads/scratch_file.h"

namespace larmor::reassembly::run {

Result<FrameShelf> FrameShelf::create(const std::filesystem::path& folder,
                                      std::uint64_t memory_bytes) {
    TRY(auto file, reads::open_scratch_file(folder));
    return FrameShelf(std::move(file), memory_bytes);
}

FrameShelf::FrameShelf(UniqueFd file, std::uint64_t memory_bytes)
    : memory_bytes_(memory_bytes), shared_(std::make_unique<Shared>()) {
    shared_->file = std::move(file);
}

Result<std::vector<FrameShelf::Frame>> FrameShelf::put(Frame frame, std::uint32_t expected) {
    const std::scoped_lock lock(shared_->mutex);
    auto& instance = shared_->instances[frame.name.sop_instance_uid];
    instance.expected = expected;
    const auto number = frame.name.frame.value_or(0);
    if (instance.is_done || instance.frames.contains(number)) {
        return std::vector<Frame>();
    }

    Kept kept{.name = frame.name, .bytes = {}, .in_file = {}};
    if (frame.bytes.size() > memory_bytes_ - std::min(memory_bytes_, shared_->memory_used)) {
        kept.in_file = ByteRange{shared_->file_end, frame.bytes.size()};
        TRY_VOID(write_at(shared_->file, shared_->file_end, frame.bytes));
        shared_->file_end += frame.bytes.size();
    } else {
        shared_->memory_used += frame.bytes.size();
        kept.bytes = std::move(frame.bytes);
    }
    auto& frames = instance.frames;
    frames.emplace(number, std::move(kept));

    // Numbers are distinct and in order, so first and last tell whether one is missing.
    for (const std::uint32_t first : {0U, 1U}) {
        const auto begin = frames.find(first);
        if (begin == frames.end()) continue;
        auto end = begin;
        std::uint32_t count = 0;
        while (end != frames.end() && end->first == first + count && count < expected) {
            ++end;
            ++count;
        }
        if (count < expected) continue;
        return take(instance, first);
    }
    return std::vector<Frame>();
}

Result<std::vector<FrameShelf::Frame>> FrameShelf::take(Instance& instance,
                                                        std::uint32_t first) {
    std::vector<Frame> taken;
    for (auto& [number, kept] : instance.frames) {
        if (kept.in_file) {
            kept.bytes.resize(kept.in_file->count);
            TRY_VOID(read_at(shared_->file, kept.in_file->offset, kept.bytes));
            // Its room on the disk is free again.
            fallocate(shared_->file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(kept.in_file->offset),
                      static_cast<off_t>(kept.in_file->count));
        } else {
            shared_->memory_used -= kept.bytes.size();
        }
        if (number >= first && taken.size() < instance.expected) {
            taken.push_back({std::move(kept.name), std::move(kept.bytes)});
        }
    }
    instance.frames.clear();
    instance.is_done = true;
    return taken;
}

std::vector<FrameShelf::Unfinished> FrameShelf::unfinished() const {
    std::vector<Unfinished> all;
    for (const auto& [uid, instance] : shared_->instances) {
        if (instance.is_done) continue;
        all.push_back(
            {uid, instance.expected, static_cast<std::uint32_t>(instance.frames.size())});
    }
    return all;
}

}  // namespace larmor::reassembly::run
