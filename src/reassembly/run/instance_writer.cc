#include "reassembly/run/instance_writer.h"

#include "base/ids.h"
#include "base/sha256_pair.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {
namespace {

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

}  // namespace

std::string key_of(const fuse::ImageFacts& facts) {
    const auto part = [](const std::string& uid, const char* without) {
        return is_uid_key_part(uid) ? uid : std::string(without);
    };
    return "instances/" + part(facts.study_instance_uid, "no-study") + '/' +
           part(facts.series_instance_uid, "no-series") + '/' + facts.sop_instance_uid + ".dcm";
}

Result<Known> read_known(Bytes encoded) {
    TRY(auto half, fuse::decode(encoded));
    TRY(auto facts, fuse::image_facts(half));
    return Known{std::move(half), std::move(facts)};
}

void hash_in_pairs(std::span<FusedInstance*> instances) {
    FusedInstance* one = nullptr;
    std::vector<Bytes> pieces_of_one;
    for (auto* other : instances) {
        auto pieces = pieces_in_memory(other->file, other->members);
        if (pieces.empty()) continue;
        if (one == nullptr) {
            one = other;
            pieces_of_one = std::move(pieces);
            continue;
        }
        const auto digests = sha256_pair(pieces_of_one, pieces);
        std::exchange(one, nullptr)->file.sha256 = digests[0];
        other->file.sha256 = digests[1];
    }
}

std::optional<FusedInstance> InstanceWriter::make(const Known& known, std::span<Given> members,
                                                  Event& event) const {
    std::vector<fuse::ImageMember> images;
    std::vector<MemberBytes> bytes;
    for (auto& given : members) {
        images.push_back(given.member);
        bytes.push_back(std::move(given.bytes));
    }
    auto fused = fuse::fuse(known.half, known.facts, images, *fuse_);
    event.fate = fate_of(fused.outcome);
    event.reason = fused.reason;
    event.was_read = true;
    if (event.fate != Fate::Written) return std::nullopt;
    event.key = key_of(known.facts);
    event.transfer_syntax_uid = fused.file.transfer_syntax_uid;
    event.is_other_syntax = fused.file.is_other_syntax;
    return FusedInstance{std::move(fused.file), std::move(bytes)};
}

Result<void> InstanceWriter::write(FusedInstance instance, Place place,
                                   const std::string& staged_name, Event& event) const {
    // Where one of this UID is already, which of them is right is decided when all are known.
    const auto written =
        place == Place::Staged
            ? output_->stage(staged_name, instance.file, instance.members)
            : output_->write(event.key, staged_name, instance.file, instance.members);
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

Result<void> InstanceWriter::write(const Known& known, std::span<Given> members, Place place,
                                   const std::string& staged_name, Event& event) const {
    auto instance = make(known, members, event);
    return instance ? write(*std::move(instance), place, staged_name, event) : Result<void>();
}

}  // namespace larmor::reassembly::run
