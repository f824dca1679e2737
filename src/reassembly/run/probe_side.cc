#include "reassembly/run/probe_side.h"

#include <algorithm>

#include "base/ids.h"
#include "reassembly/fuse/image_facts.h"

namespace larmor::reassembly::run {
namespace {

/// Members over this are not held in the window, but streamed where their kind allows it.
constexpr std::uint64_t kStreamedFromBytes = 1 << 20;
constexpr std::size_t kWindowMembers = 256;

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
    return event;
}

}  // namespace

Result<std::string> key_of(const fuse::ImageFacts& facts) {
    for (const auto* uid :
         {&facts.study_instance_uid, &facts.series_instance_uid, &facts.sop_instance_uid}) {
        if (!is_uid_key_part(*uid)) {
            return fuse::conflict(
                "the metadata has no Study, Series or SOP Instance UID that "
                "is one");
        }
    }
    return "instances/" + facts.study_instance_uid + '/' + facts.series_instance_uid + '/' +
           facts.sop_instance_uid + ".dcm";
}

Fate fate_of(fuse::Outcome outcome) {
    switch (outcome) {
        case fuse::Outcome::Written:
            return Fate::Written;
        case fuse::Outcome::Incomplete:
            return Fate::Incomplete;
        case fuse::Outcome::Conflict:
            return Fate::Conflict;
        case fuse::Outcome::Corrupt:
            break;
    }
    return Fate::Corrupt;
}

Result<ProbeSide> ProbeSide::create(const ProbeShared& shared, unsigned thread) {
    TRY(auto finder, MetadataFinder::create(shared.store));
    return ProbeSide(shared, thread, std::move(finder));
}

Result<void> ProbeSide::tell(Event event) {
    return shared_->events.add(thread_, encode_event(event));
}

Result<void> ProbeSide::member(Event event, const fuse::MemberName& name,
                               archive::Reader& bytes) {
    if (can_stream(name.kind, event.size_bytes)) return stream(std::move(event), name, bytes);
    Waiting waiting{std::move(event), name, {}};
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
    if (window_.size() < kWindowMembers && window_bytes_ < shared_->memory.window_bytes)
        return {};
    return flush();
}

Result<void> ProbeSide::flush() {
    std::vector<std::string_view> uids;
    for (const auto& waiting : window_) uids.push_back(waiting.event.uid);
    TRY(const auto found, finder_.find(uids));
    for (std::size_t i = 0; i < window_.size(); ++i) TRY_VOID(match(window_[i], found[i]));
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
        TRY(metadata, known(records.front()));
    }
    // Frames that wait for others, and what has to be fused several times, must be in memory.
    const bool is_streamed = metadata && (!name.frame || metadata->facts.frames <= 1);
    Waiting waiting{std::move(event), name, {}};
    const auto wanted = is_streamed ? fuse::head_bytes(name.kind, waiting.event.size_bytes)
                                    : waiting.event.size_bytes;
    Result<void> read;
    if (is_streamed) {
        waiting.bytes.resize(wanted);
        archive::MemberSource source(bytes);
        const auto count = archive::read_fully(source, waiting.bytes);
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
    if (!is_streamed) return match(waiting, records);

    ++shared_->progress.matched;
    Given given{{name, waiting.event.size_bytes, waiting.bytes},
                MemberBytes(waiting.bytes, bytes)};
    TRY_VOID(write(*metadata, std::span(&given, 1), staged_name(waiting.event, ""), false,
                   waiting.event));
    return tell(std::move(waiting.event));
}

Result<ProbeSide::Known> ProbeSide::known(const FoundRecord& record) {
    TRY(auto half, fuse::decode(record.encoded));
    TRY(auto facts, fuse::image_facts(half));
    return Known{std::move(half), std::move(facts)};
}

Result<void> ProbeSide::match(Waiting& waiting, std::span<const FoundRecord> records) {
    if (records.empty()) {
        waiting.event.fate = Fate::Orphan;
        return tell(std::move(waiting.event));
    }
    ++shared_->progress.matched;
    if (!all_same(records)) return match_several(waiting, records);
    TRY(const auto metadata, known(records.front()));
    if (waiting.name.frame && metadata.facts.frames > 1) return put_frame(waiting, metadata);
    Given given{{waiting.name, waiting.bytes.size(), waiting.bytes},
                MemberBytes(waiting.bytes)};
    TRY_VOID(write(metadata, std::span(&given, 1), staged_name(waiting.event, ""), false,
                   waiting.event));
    return tell(std::move(waiting.event));
}

/// The metadata is there in several versions: nobody can say which one is right, so every pair
/// is made, and none goes where it would belong.
Result<void> ProbeSide::match_several(Waiting& waiting, std::span<const FoundRecord> records) {
    for (std::size_t i = 0; i < records.size() && !waiting.name.frame; ++i) {
        TRY(const auto metadata, known(records[i]));
        Given given{{waiting.name, waiting.bytes.size(), waiting.bytes},
                    MemberBytes(waiting.bytes)};
        Event file = file_event(waiting.event);
        const auto name = staged_name(waiting.event, "-" + std::to_string(i));
        TRY_VOID(write(metadata, std::span(&given, 1), name, true, file));
        if (file.fate == Fate::Written) TRY_VOID(tell(std::move(file)));
    }
    waiting.event.fate = Fate::Conflict;
    waiting.event.reason = "its metadata is there in different versions";
    return tell(std::move(waiting.event));
}

Result<void> ProbeSide::put_frame(Waiting& waiting, const Known& known) {
    const auto frames = static_cast<std::uint32_t>(known.facts.frames);
    waiting.event.fate = Fate::Frame;
    waiting.event.digest = sha256(waiting.bytes);
    TRY(auto all, shared_->shelf.put({waiting.name, std::move(waiting.bytes)}, frames));
    Event file = file_event(waiting.event);
    TRY_VOID(tell(std::move(waiting.event)));
    if (all.empty()) return {};
    std::vector<Given> given;
    for (const auto& frame : all) {
        given.push_back(
            {{frame.name, frame.bytes.size(), frame.bytes}, MemberBytes(frame.bytes)});
    }
    file.frames_expected = frames;
    TRY_VOID(write(known, given, file.uid + "-frames.dcm", false, file));
    return tell(std::move(file));
}

Result<void> ProbeSide::write(const Known& known, std::span<Given> members,
                              const std::string& staged_name, bool staged_only, Event& event) {
    std::vector<fuse::ImageMember> images;
    std::vector<MemberBytes> bytes;
    for (auto& given : members) {
        images.push_back(given.member);
        bytes.push_back(std::move(given.bytes));
    }
    auto key = key_of(known.facts);
    const auto fused = fuse::fuse(known.half, known.facts, images, shared_->fuse);
    event.fate = fate_of(fused.outcome);
    event.reason = fused.reason;
    event.was_read = true;
    if (event.fate != Fate::Written) return {};
    if (!key) {
        event.fate = Fate::Conflict;
        event.reason = key.error().message;
        return {};
    }
    event.key = *std::move(key);
    event.transfer_syntax_uid = fused.file.transfer_syntax_uid;
    event.is_other_syntax = fused.file.is_other_syntax;
    // Where one of this UID is already, which of them is right is decided when all are known.
    auto& output = shared_->output;
    const auto written = staged_only ? output.stage(staged_name, fused.file, bytes)
                                     : output.write(event.key, staged_name, fused.file, bytes);
    if (!written) {
        if (!is_of_content(written.error())) return tl::unexpected(written.error());
        event.fate = Fate::Corrupt;
        event.reason = written.error().message;
        event.was_read = false;
        return {};
    }
    if (written->is_staged) event.staged = staged_name;
    event.digest = written->written.sha256;
    event.file_size_bytes = written->written.size_bytes;
    return {};
}

}  // namespace larmor::reassembly::run
