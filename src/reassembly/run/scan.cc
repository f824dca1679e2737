#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {
namespace {

using archive::MemberKind;

class ArchiveScan {
public:
    ArchiveScan(const Scanned& scanned, const fuse::MemberNames& names, Progress& progress,
                ScanVisitor& visitor)
        : scanned_(scanned), names_(names), progress_(progress), visitor_(visitor) {}

    Result<std::uint64_t> run() {
        auto& side = scanned_.side == Side::Image ? progress_.images : progress_.metadata;
        const auto opened = ArchiveReader::open(*scanned_.archive, side.bytes_read);
        if (!opened) {
            if (!is_of_content(opened.error())) return tl::unexpected(opened.error());
            TRY_VOID(tell_of_damage({0, 0, opened.error().message}));
        } else {
            TRY_VOID(members((*opened)->members(), side));
        }
        TRY_VOID(visitor_.finish_archive());
        ++side.archives_done;
        return count_;
    }

private:
    Result<void> members(archive::Reader& reader, SideProgress& side) {
        for (;;) {
            if (progress_.stop) return fail(ErrorCode::Cancelled, "stopped before the end");
            auto next = reader.next();
            if (!next) {
                if (!is_of_content(next.error())) return tl::unexpected(next.error());
                TRY_VOID(tell_of_damage({0, 0, next.error().message}));
                break;
            }
            if (!*next) break;
            const archive::Member& member = **next;
            if (member.kind == MemberKind::Directory) continue;
            ++side.members;
            ++count_;
            TRY_VOID(one(member, reader));
        }
        for (const auto& damage : reader.damage()) TRY_VOID(tell_of_damage(damage));
        const auto noted = reader.damage().size();
        if (reader.damage_count() > noted) {
            TRY_VOID(tell_of_damage(
                {0, 0,
                 std::to_string(reader.damage_count() - noted) + " more damaged places"}));
        }
        return {};
    }

    Result<void> one(const archive::Member& member, archive::Reader& reader) {
        Event event = place();
        event.path = member.path;
        event.size_bytes = member.size_bytes.value_or(0);
        event.offset = member.offset;
        event.is_sparse = member.is_sparse;
        if (member.range && member.range->offset != member.offset) {
            event.bytes_at = member.range->offset;
        }
        const auto name = names_.read(member.path);
        if (name) {
            event.uid = name->sop_instance_uid;
            event.frame = name->frame;
            event.kind = name->kind;
        }
        switch (member.kind) {
            case MemberKind::File:
                break;
            case MemberKind::Unreadable:
                return corrupt(std::move(event), member.problem);
            case MemberKind::Link:
                return corrupt(std::move(event), member.problem.empty()
                                                     ? "a link, without bytes of its own"
                                                     : member.problem);
            default:
                return corrupt(std::move(event), "neither a file nor a folder");
        }
        if (!name) return corrupt(std::move(event), "its path names no SOP Instance UID");
        const bool is_metadata = name->kind == fuse::MemberKind::Metadata;
        if (is_metadata != (scanned_.side == Side::Metadata)) {
            event.fate = Fate::Skipped;
            return visitor_.tell(std::move(event));
        }
        return visitor_.member(std::move(event), *name, reader);
    }

    Event place() const {
        Event event;
        event.side = scanned_.side;
        event.archive = scanned_.number;
        event.attempt = scanned_.attempt;
        return event;
    }
    Result<void> corrupt(Event event, std::string reason) {
        event.fate = Fate::Corrupt;
        event.reason = std::move(reason);
        return visitor_.tell(std::move(event));
    }
    Result<void> tell_of_damage(const archive::Damage& damage) {
        Event event = place();
        event.about = About::Damage;
        event.offset = damage.offset;
        event.size_bytes = damage.count;
        return corrupt(std::move(event), damage.what);
    }

    const Scanned& scanned_;
    const fuse::MemberNames& names_;
    Progress& progress_;
    ScanVisitor& visitor_;
    std::uint64_t count_ = 0;
};

}  // namespace

bool is_of_content(const Error& error) {
    return error.code == ErrorCode::InvalidInput || error.code == ErrorCode::LimitExceeded ||
           error.code == ErrorCode::Unsupported;
}

Result<std::uint64_t> scan_archive(const Scanned& scanned, const fuse::MemberNames& names,
                                   Progress& progress, ScanVisitor& visitor) {
    return ArchiveScan(scanned, names, progress, visitor).run();
}

}  // namespace larmor::reassembly::run
