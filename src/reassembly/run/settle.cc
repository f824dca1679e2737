#include "reassembly/run/settle.h"

#include <algorithm>

namespace larmor::reassembly::run {
namespace {

constexpr std::string_view kDifferentVersions = "there are different versions of this half";

std::string wrong_numbers(const std::map<std::uint32_t, const Event*>& frames,
                          std::uint32_t expected) {
    if (frames.size() != expected) {
        return "Number of Frames is " + std::to_string(expected) + ", there are " +
               std::to_string(frames.size());
    }
    const auto first = frames.begin()->first, last = frames.rbegin()->first;
    if (first > 1 || last - first + 1 != expected) {
        return "its frames are not numbered from 0 or 1 on without a gap";
    }
    return {};
}

}  // namespace

Result<void> Settler::add(Event event) {
    if (event.uid != uid_) {
        TRY_VOID(settle());
        uid_ = event.uid;
    }
    if (!event.key.empty()) keys_.insert(event.key);
    switch (event.fate) {
        case Fate::Skipped:
            parts_.report.skipped(event);
            return {};
        case Fate::Kept:
            group_.metadata.push_back(std::move(event));
            return {};
        case Fate::Frame:
            group_.frames.push_back(std::move(event));
            return {};
        case Fate::Corrupt:
            // What can't be read whole is no version of anything; what was read and fits its
            // metadata in no way has a place and no reason to be left out.
            if (event.side == Side::Metadata || event.about == About::Damage ||
                !event.was_read) {
                return parts_.report.corrupt(event, event.reason);
            }
            break;
        case Fate::Conflict:
            if (event.side == Side::Metadata) {
                return parts_.report.conflict(event, event.reason);
            }
            break;
        default:
            break;
    }
    (event.about == About::File ? group_.files : group_.images).push_back(std::move(event));
    return {};
}

Result<void> Settler::tell(const Event& member, Fate fate, std::string_view reason) {
    switch (fate) {
        case Fate::Incomplete:
            return parts_.report.incomplete(member, reason);
        case Fate::Conflict:
            return parts_.report.conflict(member, reason);
        case Fate::Orphan:
            return parts_.report.orphan(member, reason);
        default:
            return parts_.report.corrupt(member, reason);
    }
}

/// Of a file made of frames, its members are the frames.
Result<void> Settler::members_of(const Event& candidate, Fate fate, std::string_view reason) {
    if (candidate.about == About::Member) return tell(candidate, fate, reason);
    for (const auto& frame : group_.frames) TRY_VOID(tell(frame, fate, reason));
    return {};
}

std::vector<Event*> Settler::candidates() {
    std::vector<Event*> all;
    for (auto& image : group_.images) all.push_back(&image);
    for (auto& file : group_.files) all.push_back(&file);
    return all;
}

Result<void> Settler::settle() {
    if (!group_.empty()) TRY_VOID(settle_group());
    for (const auto& key : keys_) {
        if (key != kept_key_) TRY_VOID(parts_.output.clear_place(key));
    }
    group_ = {};
    keys_.clear();
    kept_key_.clear();
    return {};
}

Result<void> Settler::settle_group() {
    if (group_.metadata.empty()) return settle_orphans();
    const auto& digest = group_.metadata.front().digest;
    const bool is_one = std::ranges::all_of(
        group_.metadata, [&](const Event& event) { return event.digest == digest; });
    if (!is_one) return settle_versions();
    for (std::size_t i = 1; i < group_.metadata.size(); ++i) {
        TRY_VOID(parts_.report.duplicate(group_.metadata[i], group_.metadata.front()));
    }
    if (group_.images.empty() && group_.frames.empty()) return settle_without_image();
    return settle_images();
}

Result<void> Settler::settle_orphans() {
    for (auto* list : {&group_.images, &group_.frames}) {
        for (const auto& image : *list) {
            TRY_VOID(parts_.report.orphan(image, "there is no metadata of this UID"));
        }
    }
    return {};
}

Result<void> Settler::settle_versions() {
    for (auto* list : {&group_.metadata, &group_.images, &group_.frames}) {
        for (const auto& member : *list) {
            const auto reason = member.side == Side::Metadata || member.reason.empty()
                                    ? kDifferentVersions
                                    : std::string_view(member.reason);
            TRY_VOID(parts_.report.conflict(member, reason));
        }
    }
    return keep_as_conflicts();
}

/// Each file that differs from those before it, numbered in their order.
Result<void> Settler::keep_as_conflicts() {
    std::set<Sha256> seen;
    std::uint32_t number = 0;
    for (auto* file : candidates()) {
        if (file->fate != Fate::Written) continue;
        if (!seen.insert(file->digest).second) {
            TRY_VOID(parts_.output.remove(*file));
            continue;
        }
        const auto key = "conflicts/" + uid_ + '/' + std::to_string(++number) + ".dcm";
        TRY_VOID(parts_.output.move(*file, key));
        TRY_VOID(parts_.report.conflict_file(*file, key));
    }
    return {};
}

Result<void> Settler::settle_without_image() {
    const auto& metadata = group_.metadata.front();
    if (metadata.names_pixels) {
        return parts_.report.orphan(metadata, "its image half is missing");
    }
    TRY(const auto known, read_metadata());
    Event file;
    TRY_VOID(parts_.writer.write(known, {}, Place::Free, uid_ + "-alone.dcm", file));
    if (file.fate != Fate::Written) return tell(metadata, file.fate, file.reason);
    if (!file.staged.empty()) TRY_VOID(parts_.output.move(file, file.key));
    kept_key_ = file.key;
    return parts_.report.instance(file, metadata, {});
}

Result<Known> Settler::read_metadata() {
    TRY(const auto record, parts_.finder.read(group_.metadata.front().ordinal));
    return read_known(record.encoded);
}

Result<void> Settler::settle_frames() {
    if (group_.frames.empty()) return {};
    FramesByNumber by_number;
    std::string reason;
    for (const auto& frame : group_.frames) {
        const auto number = frame.frame.value_or(0);
        const auto [at, is_first] = by_number.emplace(number, &frame);
        if (!is_first && at->second->digest != frame.digest) {
            reason = "frame " + std::to_string(number) + " is there in different versions";
        }
    }
    const auto expected = group_.frames.front().frames_expected;
    if (reason.empty()) reason = wrong_numbers(by_number, expected);
    auto& files = group_.files;
    // What was made of frames before all were known stays only where nothing was to decide.
    if (reason.empty() && !files.empty()) {
        // Made of equal frames, they are equal: one is enough, that which is in its place.
        const auto in_place = std::ranges::find(files, std::string(), &Event::staged);
        if (in_place != files.end()) std::iter_swap(files.begin(), in_place);
        for (std::size_t i = 1; i < files.size(); ++i) {
            if (!files[i].staged.empty()) TRY_VOID(parts_.output.remove(files[i]));
        }
        files.resize(1);
        return {};
    }
    const bool has_image = has_image_in_place();
    for (const auto& file : files) {
        // An output may keep one file for it and a whole image that is equal.
        const bool is_shared = has_image && file.staged.empty();
        if (file.fate == Fate::Written && !is_shared) TRY_VOID(parts_.output.remove(file));
    }
    Event file;
    file.uid = uid_;
    file.side = Side::Image;
    file.about = About::File;
    file.frames_expected = expected;
    file.fate = Fate::Conflict;
    file.reason = reason;
    if (reason.empty()) TRY_VOID(fuse_frames(by_number, file));
    // Without a file too: one may stand there, of an attempt that was broken off and that had
    // all frames of one archive in memory, which shelved them this time.
    if (file.key.empty()) {
        TRY(const auto known, read_metadata());
        file.key = key_of(known.facts);
    }
    keys_.insert(file.key);
    files.clear();
    files.push_back(std::move(file));
    return {};
}

Result<void> Settler::fuse_frames(const FramesByNumber& frames, Event& file) {
    std::uint64_t head_bytes = 0;
    for (const auto& [number, frame] : frames) {
        head_bytes += fuse::head_bytes(frame->kind, frame->size_bytes);
    }
    if (head_bytes > parts_.frames_max_bytes) {
        file.fate = Fate::Corrupt;
        file.reason = "its frames take " + std::to_string(head_bytes) +
                      " bytes of memory together, the limit is " +
                      std::to_string(parts_.frames_max_bytes);
        return {};
    }
    std::vector<ByteBuffer> heads;
    std::vector<Given> given;
    for (const auto& [number, frame] : frames) {
        LARMOR_CHECK(frame->shelved_at.has_value());
        const auto head = fuse::head_bytes(frame->kind, frame->size_bytes);
        heads.emplace_back(head);
        TRY_VOID(parts_.frames.read(*frame->shelved_at, heads.back()));
        given.push_back(
            {{{uid_, number, frame->kind}, frame->size_bytes, heads.back()},
             MemberBytes(heads.back(), parts_.frames.stream({*frame->shelved_at + head,
                                                             frame->size_bytes - head}))});
    }
    TRY(const auto known, read_metadata());
    // Where a whole image stands, also when that was moved before the run was broken off here.
    const auto place = has_image_in_place() ? Place::Staged : Place::Free;
    return parts_.writer.write(known, given, place, uid_ + "-frames.dcm", file);
}

bool Settler::has_image_in_place() const {
    return std::ranges::any_of(group_.images, [](const Event& image) {
        return image.fate == Fate::Written && image.staged.empty();
    });
}

Result<void> Settler::settle_images() {
    TRY_VOID(settle_frames());
    const auto& metadata = group_.metadata.front();
    const auto all = candidates();
    std::vector<Event*> written;
    for (auto* one : all) {
        if (one->fate == Fate::Written) written.push_back(one);
    }
    if (written.empty()) return settle_not_written(metadata);
    // The same halves give the same file, so what gave none has another content.
    const bool is_one =
        written.size() == all.size() && std::ranges::all_of(written, [&](const Event* one) {
            return one->digest == written.front()->digest;
        });
    if (is_one) return accept(metadata, *written.front(), written);
    TRY_VOID(parts_.report.conflict(metadata, "its image half is there in different versions"));
    for (const auto* one : all) {
        TRY_VOID(members_of(
            *one, Fate::Conflict,
            one->reason.empty() ? kDifferentVersions : std::string_view(one->reason)));
    }
    return keep_as_conflicts();
}

Result<void> Settler::settle_not_written(const Event& metadata) {
    const auto all = candidates();
    const Event* worst = all.front();
    for (const auto* one : all) {
        TRY_VOID(members_of(*one, one->fate, one->reason));
        if (one->fate == Fate::Conflict) worst = one;
    }
    if (worst->fate == Fate::Corrupt) {
        return parts_.report.orphan(metadata, "its image half can't be read");
    }
    return tell(metadata, worst->fate, worst->reason);
}

Result<void> Settler::accept(const Event& metadata, Event& first,
                             const std::vector<Event*>& written) {
    const auto in_place =
        std::ranges::find_if(written, [](const Event* one) { return one->staged.empty(); });
    if (in_place == written.end()) {
        TRY_VOID(parts_.output.move(first, first.key));
        first.staged.clear();
    }
    kept_key_ = first.key;
    std::vector<const Event*> members;
    std::vector<const Event*> repeated;
    if (first.about == About::Member) {
        members.push_back(&first);
    } else {
        std::set<std::uint32_t> numbers;
        for (const auto& frame : group_.frames) {
            (numbers.insert(frame.frame.value_or(0)).second ? members : repeated)
                .push_back(&frame);
        }
    }
    for (auto* one : written) {
        if (one == &first) continue;
        if (!one->staged.empty()) TRY_VOID(parts_.output.remove(*one));
        if (one->about == About::Member) {
            repeated.push_back(one);
        } else {
            for (const auto& frame : group_.frames) repeated.push_back(&frame);
        }
    }
    for (const auto* one : repeated) {
        TRY_VOID(parts_.report.duplicate(*one, *members.front()));
    }
    return parts_.report.instance(first, metadata, members);
}

}  // namespace larmor::reassembly::run
