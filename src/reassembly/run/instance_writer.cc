#include "reassembly/run/instance_writer.h"

#include "base/ids.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {
namespace {

/// `instances/<study>/<series>/<instance>.dcm`. Errors: Conflict where a UID can't be part of a
/// path.
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

}  // namespace

Result<Known> read_known(Bytes encoded) {
    TRY(auto half, fuse::decode(encoded));
    TRY(auto facts, fuse::image_facts(half));
    return Known{std::move(half), std::move(facts)};
}

Result<void> InstanceWriter::write(const Known& known, std::span<Given> members, Place place,
                                   const std::string& staged_name, Event& event) const {
    std::vector<fuse::ImageMember> images;
    std::vector<MemberBytes> bytes;
    for (auto& given : members) {
        images.push_back(given.member);
        bytes.push_back(std::move(given.bytes));
    }
    auto key = key_of(known.facts);
    const auto fused = fuse::fuse(known.half, known.facts, images, *fuse_);
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
    const auto written = place == Place::Staged
                             ? output_->stage(staged_name, fused.file, bytes)
                             : output_->write(event.key, staged_name, fused.file, bytes);
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
