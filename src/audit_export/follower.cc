#include "audit_export/follower.h"

#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "observe/log.h"

namespace larmor::audit_export {

void Follower::seek(std::optional<audit::Anchor> position) {
    position_ = std::move(position);
    number_ = 0;
    scan_ = {};
}

/// A library whose trail was begun anew, by a restore, has nothing of what was sent before.
bool Follower::is_of_this_trail(const audit::Anchor& position) const {
    const auto mapped = MappedFile::open(folder_ / audit::file_name(position.file));
    if (!mapped) return false;
    const auto text = as_text(mapped->bytes());
    const auto head = audit::parse_head(text.substr(0, text.find('\n')));
    return head && head->trail == position.trail;
}

Result<void> Follower::read_on(const See& see) {
    if (number_ == 0 && position_ && !is_of_this_trail(*position_)) position_.reset();
    TRY(const auto numbers, audit::list_files(folder_));
    const std::uint64_t from = number_ > 0 ? number_ : position_ ? position_->file : 0;
    for (const std::uint64_t number : numbers) {
        if (number < from) continue;
        if (auto read = read_file_on(number, number == numbers.back(), see); !read) {
            seek(position_);  // the scan went on behind what was seen
            return read;
        }
    }
    return {};
}

Result<void> Follower::read_file_on(std::uint64_t number, bool is_last, const See& see) {
    const auto path = folder_ / audit::file_name(number);
    TRY(const UniqueFd file, open_file(path, O_RDONLY));
    TRY(const std::uint64_t size, size_of(file));
    if (size == 0) return {};
    TRY(const auto mapped, MappedFile::map(file));
    if (number_ != number) {
        // A file's first batch says what it follows: what is damaged before it stops nobody.
        const auto start = audit::claimed_start(mapped.bytes(), 0);
        if (!start) return {};  // its first batch is being written
        number_ = number;
        scan_ = {.trail = {}, .end = *start, .size_bytes = 0, .batches = 0, .bad = {}};
    }
    Result<void> seen;
    audit::scan_on(mapped.bytes(), number, scan_, [&](const audit::Batch& batch) {
        const bool again = position_ && batch.end.batch <= position_->end.batch;
        if (!seen || again) return;
        for (const std::string_view line : batch.records) {
            const auto record = audit::parse_record(line);
            if (!record) continue;
            seen = see(*record);
            if (!seen) return;
        }
        position_ = audit::Anchor{.trail = scan_.trail, .file = number, .end = batch.end};
    });
    if (seen && scan_.bad && !is_last) {
        observe::log_warning("audit export passed over the damaged end of a file",
                             {{"file", path.string()}, {"finding", scan_.bad->message}});
    }
    return seen;
}

}  // namespace larmor::audit_export
