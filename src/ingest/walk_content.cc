#include "ingest/walk_content.h"

#include <algorithm>

namespace larmor::ingest {
namespace {

constexpr unsigned kArchiveDepthMax = 3;

/// A source whose first bytes were looked at and are given out again.
class LookedAhead final : public archive::Source {
public:
    static Result<std::unique_ptr<LookedAhead>> at(archive::Source& source) {
        auto looked = std::make_unique<LookedAhead>(source);
        looked->start_.resize(archive::kDetectBytes);
        TRY(const std::size_t count, archive::read_fully(source, looked->start_));
        looked->start_.resize(count);
        return looked;
    }
    explicit LookedAhead(archive::Source& source) : source_(source) {}
    Bytes start() const { return start_; }

    Result<std::size_t> read(std::span<std::byte> out) override {
        if (given_ == start_.size()) return source_.read(out);
        const std::size_t count = std::min(out.size(), start_.size() - given_);
        std::copy_n(start_.begin() + static_cast<std::ptrdiff_t>(given_), count, out.begin());
        given_ += count;
        return count;
    }

private:
    archive::Source& source_;
    ByteBuffer start_;
    std::size_t given_ = 0;
};

/// Met by every walk over the same bytes. Anything else is of who delivers them, or of now.
bool is_of_content(ErrorCode code) {
    return code == ErrorCode::InvalidInput || code == ErrorCode::Unsupported ||
           code == ErrorCode::LimitExceeded || code == ErrorCode::Corrupt;
}

}  // namespace

bool is_dicomdir_name(const std::filesystem::path& path) {
    return path.filename() == "DICOMDIR";
}

void ContentWalker::begin_path(std::size_t index) {
    if (index > position_.path) position_ = {.path = index};
}

Result<void> ContentWalker::walk(const std::string& name,
                                 std::optional<std::uint64_t> size_bytes,
                                 archive::Source& content, const OpenArchive& open) {
    members_left_out_ = name == from_.archive ? from_.members : 0;
    if (position_.archive != name) position_.members = 0;
    auto looked = LookedAhead::at(content);
    if (!looked) {
        refuse(name, looked.error());
        return {};
    }
    if (archive::detect((*looked)->start()) == archive::Format::None) {
        return visitor_.instance(name, size_bytes, **looked);
    }
    auto reader = open(*std::move(looked));
    if (!reader) {
        refuse(name, reader.error());
        return {};
    }
    position_.archive = name;
    return members(name, **reader, 1);
}

void ContentWalker::passed(const std::string& name, std::uint64_t bytes) {
    position_.file = name;
    position_.archive.clear();
    position_.members = 0;
    visitor_.passed(bytes, position_);
}

void ContentWalker::refuse(const std::string& name, const Error& error) {
    visitor_.refused(name, error);
}

Result<void> ContentWalker::members(const std::string& name, archive::Reader& reader,
                                    unsigned depth) {
    for (;;) {
        auto member = reader.next();
        if (!member) {
            // Nothing comes behind it: an earlier walk can only have counted it as its last
            // one.
            if (depth == 1 && members_left_out_ > 1) members_left_out_ = 0;
            refuse_unread(name, member.error());
            return {};
        }
        if (!*member) break;
        const archive::Member& found = **member;
        const std::string member_name = found.path.empty() ? name : name + "!" + found.path;
        if (found.kind == archive::MemberKind::Unreadable) {
            refuse_member(member_name, {ErrorCode::Unsupported, found.problem});
        } else if (found.kind == archive::MemberKind::File &&
                   !is_dicomdir_name(std::filesystem::path(found.path))) {
            TRY_VOID(one_member(member_name, found.size_bytes, reader, depth));
        }
    }
    for (const archive::Damage& damage : reader.damage()) {
        if (!damage.is_remark)
            refuse_member(name, invalid_at(damage.offset, damage.what).value());
    }
    return {};
}

Result<void> ContentWalker::one_member(const std::string& name,
                                       std::optional<std::uint64_t> size,
                                       archive::Reader& reader, unsigned depth) {
    archive::MemberSource content(reader);
    auto looked = LookedAhead::at(content);
    if (!looked) {
        refuse_unread(name, looked.error());
        return {};
    }
    const archive::Format format = archive::detect((*looked)->start());
    if (format == archive::Format::None) {
        if (is_left_out()) return {};
        TRY_VOID(visitor_.instance(name, size, **looked));
        member_passed();
        return {};
    }
    if (depth == kArchiveDepthMax) {
        refuse_member(name, {ErrorCode::LimitExceeded, "more than 3 archives in each other"});
        return {};
    }
    auto inner = archive::open(*std::move(looked));
    if (!inner) {
        refuse_unread(name, inner.error());
        return {};
    }
    return members(name, **inner, depth + 1);
}

bool ContentWalker::is_left_out() {
    if (members_left_out_ == 0) return false;
    --members_left_out_;
    return true;
}

void ContentWalker::member_passed() {
    ++position_.members;
    visitor_.passed(0, position_);
}

void ContentWalker::refuse_unread(const std::string& name, const Error& error) {
    if (!is_of_content(error.code)) members_left_out_ = 0;
    refuse_member(name, error);
}

void ContentWalker::refuse_member(const std::string& name, const Error& error) {
    if (is_left_out()) return;
    visitor_.refused(name, error);
    member_passed();
}

}  // namespace larmor::ingest
