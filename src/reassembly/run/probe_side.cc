#include "reassembly/run/probe_side.h"

#include <algorithm>

namespace larmor::reassembly::run {
namespace {

/// Members over this are not held in the window, but streamed where their kind allows it.
constexpr std::uint64_t kStreamedFromBytes = 1 << 20;
constexpr std::size_t kWindowMembers = 256;
/// Where all metadata is in memory there are no reads to wait for, and few members at a time
/// stay in the processor's cache until they are written. A large one waits for no other, whose
/// digest could be found together with its own: the disk would wait, too.
constexpr std::uint64_t kWindowInMemoryBytes = 256 << 10;
/// Of buffers of a thread that wait for their next member.
constexpr std::uint64_t kBuffersMaxBytes = 2 << 20;

bool can_stream(fuse::MemberKind kind, std::uint64_t size_bytes) {
    return size_bytes > kStreamedFromBytes && fuse::head_bytes(kind, size_bytes) < size_bytes;
}

/// Metadata of one UID that is there several times with the same content is one.
bool all_same(std::span<const FoundRecord> records) {
    return std::ranges::all_of(records, [&](const FoundRecord& record) {
        return record.encoded == records.front().encoded;
    });
}

std::string staged_name(const Event& event, std::string_view suffix) {
    return event.uid + '-' + std::to_string(event.archive) + '-' +
           std::to_string(event.offset) + std::string(suffix) + ".dcm";
}

Event file_event(const Event& of) {
    Event event;
    event.uid = of.uid;
    event.side = Side::Image;
    event.about = About::File;
    event.archive = of.archive;
    event.offset = of.offset;
    event.attempt = of.attempt;
    return event;
}

}  // namespace

ProbeSide::ProbeSide(const ProbeShared& shared, unsigned thread, MetadataFinder finder)
    : shared_(&shared),
      thread_(thread),
      finder_(std::move(finder)),
      window_max_bytes_(shared.store.in_memory()
                            ? std::min(kWindowInMemoryBytes, shared.memory.window_bytes)
                            : shared.memory.window_bytes) {}

Result<ProbeSide> ProbeSide::create(const ProbeShared& shared, unsigned thread) {
    TRY(auto finder, MetadataFinder::create(shared.store));
    return ProbeSide(shared, thread, std::move(finder));
}

Result<void> ProbeSide::tell(Event event) {
    return shared_->events.add(thread_, encode_event(event));
}

MemberBuffer ProbeSide::take_buffer() {
    if (buffers_.empty()) return {};
    auto buffer = std::move(buffers_.back());
    buffers_.pop_back();
    buffers_bytes_ -= buffer.capacity();
    buffer.clear();
    return buffer;
}

void ProbeSide::give_back(MemberBuffer buffer) {
    if (buffer.capacity() == 0 || buffers_bytes_ + buffer.capacity() > kBuffersMaxBytes) return;
    buffers_bytes_ += buffer.capacity();
    buffers_.push_back(std::move(buffer));
}

Result<void> ProbeSide::member(Event event, const fuse::MemberName& name,
                               archive::Reader& bytes) {
    if (can_stream(name.kind, event.size_bytes)) return stream(std::move(event), name, bytes);
    Waiting waiting{std::move(event), name, take_buffer()};
    const auto whole = read_rest(bytes, waiting.event.size_bytes,
                                 shared_->memory.member_max_bytes, waiting.bytes);
    if (!whole) {
        if (!is_of_content(whole.error())) return whole;
        waiting.event.fate = Fate::Corrupt;
        waiting.event.reason = whole.error().message;
        return tell(std::move(waiting.event));
    }
    waiting.event.size_bytes = waiting.bytes.size();
    window_bytes_ += waiting.bytes.size();
    window_.push_back(std::move(waiting));
    if (window_.size() < kWindowMembers && window_bytes_ < window_max_bytes_) return {};
    return flush();
}

Result<void> ProbeSide::flush() {
    std::vector<std::string_view> uids;
    for (const auto& waiting : window_) uids.push_back(waiting.event.uid);
    TRY(const auto found, finder_.find(uids));
    for (std::size_t i = 0; i < window_.size(); ++i) {
        TRY_VOID(match(window_[i], found[i]));
    }
    TRY_VOID(write_ready());
    for (auto& waiting : window_) give_back(std::move(waiting.bytes));
    window_.clear();
    window_bytes_ = 0;
    return {};
}

Result<void> ProbeSide::stream(Event event, const fuse::MemberName& name,
                               archive::Reader& bytes) {
    const std::string_view uid = event.uid;
    TRY(const auto found, finder_.find(std::span(&uid, 1)));
    const auto& records = found.front();
    std::optional<Known> metadata;
    if (!records.empty() && all_same(records)) {
        TRY(metadata, read_known(records.front().encoded));
    }
    // Frames that wait for others, and what has to be fused several times, must be in memory.
    const bool is_streamed = metadata && (!name.frame || metadata->facts.frames <= 1);
    Waiting waiting{std::move(event), name, {}};
    const auto wanted = is_streamed ? fuse::head_bytes(name.kind, waiting.event.size_bytes)
                                    : waiting.event.size_bytes;
    Result<void> read;
    if (is_streamed) {
        archive::MemberSource source(bytes);
        const auto count = archive::read_fully(source, waiting.bytes.room(wanted));
        if (count) waiting.bytes.add(*count);
        if (!count) read = tl::unexpected(count.error());
        if (count && *count < wanted) {
            read = fail(ErrorCode::InvalidInput, "the member ends too early");
        }
    } else if (!records.empty()) {
        read = read_rest(bytes, wanted, shared_->memory.member_max_bytes, waiting.bytes);
    }
    if (!read) {
        if (!is_of_content(read.error())) return read;
        waiting.event.fate = Fate::Corrupt;
        waiting.event.reason = read.error().message;
        return tell(std::move(waiting.event));
    }
    if (!is_streamed) {
        TRY_VOID(match(waiting, records));
        return write_ready();
    }

    ++shared_->progress.matched;
    const auto head = waiting.bytes.bytes();
    Given given{{name, waiting.event.size_bytes, head},
                MemberBytes(head, std::make_unique<archive::MemberSource>(bytes))};
    TRY_VOID(shared_->writer.write(*metadata, std::span(&given, 1), Place::Free,
                                   staged_name(waiting.event, ""), waiting.event));
    return tell(std::move(waiting.event));
}

Result<void> ProbeSide::match(Waiting& waiting, std::span<const FoundRecord> records) {
    if (records.empty()) {
        waiting.event.fate = Fate::Orphan;
        return tell(std::move(waiting.event));
    }
    ++shared_->progress.matched;
    if (!all_same(records)) return match_several(waiting, records);
    TRY(auto metadata, read_known(records.front().encoded));
    if (waiting.name.frame && metadata.facts.frames > 1) {
        return put_frame(std::move(waiting), std::move(metadata));
    }
    const auto bytes = waiting.bytes.bytes();
    Given given{{waiting.name, bytes.size(), bytes}, MemberBytes(bytes)};
    auto instance = shared_->writer.make(metadata, std::span(&given, 1), waiting.event);
    if (!instance) return tell(std::move(waiting.event));
    ready_.push_back({&waiting, *std::move(instance)});
    for (const auto& piece : ready_.back().instance.file.pieces) {
        ready_made_bytes_ += piece.made.size();
    }
    return ready_made_bytes_ > window_max_bytes_ ? write_ready() : Result<void>();
}

Result<void> ProbeSide::write_ready() {
    std::vector<FusedInstance*> instances;
    for (auto& ready : ready_) instances.push_back(&ready.instance);
    hash_in_pairs(instances);
    for (auto& ready : ready_) {
        auto& event = ready.waiting->event;
        TRY_VOID(shared_->writer.write(std::move(ready.instance), Place::Free,
                                       staged_name(event, ""), event));
        TRY_VOID(tell(std::move(event)));
    }
    ready_.clear();
    ready_made_bytes_ = 0;
    return {};
}

/// The metadata is there in several versions: nobody can say which one is right, so every pair
/// is made, and none goes where it would belong.
Result<void> ProbeSide::match_several(Waiting& waiting, std::span<const FoundRecord> records) {
    for (std::size_t i = 0; i < records.size() && !waiting.name.frame; ++i) {
        TRY(const auto metadata, read_known(records[i].encoded));
        const auto bytes = waiting.bytes.bytes();
        Given given{{waiting.name, bytes.size(), bytes}, MemberBytes(bytes)};
        Event file = file_event(waiting.event);
        const auto name = staged_name(waiting.event, "-" + std::to_string(i));
        TRY_VOID(
            shared_->writer.write(metadata, std::span(&given, 1), Place::Staged, name, file));
        if (file.fate == Fate::Written) TRY_VOID(tell(std::move(file)));
    }
    waiting.event.fate = Fate::Conflict;
    waiting.event.reason = "its metadata is there in different versions";
    return tell(std::move(waiting.event));
}

Result<void> ProbeSide::put_frame(Waiting waiting, Known known) {
    const auto frames = static_cast<std::uint32_t>(known.facts.frames);
    waiting.event.fate = Fate::Frame;
    waiting.event.digest = sha256(waiting.bytes.bytes());
    waiting.event.frames_expected = frames;
    auto& gathered = gathered_.frames;
    if (!gathered.empty() && gathered.front().event.uid != waiting.event.uid) {
        TRY_VOID(shelve_frames());
    }
    if (gathered.empty()) gathered_.known = std::move(known);
    gathered_.bytes += waiting.bytes.size();
    gathered.push_back(std::move(waiting));
    if (gathered.size() == frames) return write_frames();
    return gathered_.bytes > shared_->memory.gathered_bytes ? shelve_frames() : Result<void>();
}

Result<void> ProbeSide::write_frames() {
    auto& frames = gathered_.frames;
    std::ranges::stable_sort(frames, {},
                             [](const Waiting& waiting) { return *waiting.name.frame; });
    const auto first = *frames.front().name.frame;
    bool is_whole = first <= 1;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        is_whole = is_whole && *frames[i].name.frame == first + i;
    }
    if (!is_whole) return shelve_frames();
    std::vector<Given> given;
    for (const auto& frame : frames) {
        const auto bytes = frame.bytes.bytes();
        given.push_back({{frame.name, bytes.size(), bytes}, MemberBytes(bytes)});
    }
    Event file = file_event(frames.front().event);
    file.frames_expected = frames.front().event.frames_expected;
    TRY_VOID(shared_->writer.write(gathered_.known, given, Place::Free,
                                   staged_name(file, "-frames"), file));
    for (auto& frame : frames) TRY_VOID(tell(std::move(frame.event)));
    gathered_ = {};
    return tell(std::move(file));
}

/// Others of these frames may lie anywhere.
Result<void> ProbeSide::shelve_frames() {
    for (auto& frame : gathered_.frames) {
        TRY(frame.event.shelved_at, shared_->frames.append(frame.bytes.bytes()));
        TRY_VOID(tell(std::move(frame.event)));
    }
    gathered_ = {};
    return {};
}

Result<void> ProbeSide::finish_archive() {
    TRY_VOID(flush());
    return shelve_frames();
}

}  // namespace larmor::reassembly::run
