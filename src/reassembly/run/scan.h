#pragma once
#include <functional>

#include "reassembly/fuse/member_name.h"
#include "reassembly/run/archive_list.h"
#include "reassembly/run/archive_reader.h"
#include "reassembly/run/event.h"
#include "reassembly/run/progress.h"

namespace larmor::reassembly::run {

/// Takes what a scan meets; for one thread.
class ScanVisitor {
public:
    virtual ~ScanVisitor() = default;
    /// A member of this side that a UID names; `event` has its place. Its bytes are valid until
    /// this returns. Errors end the run: what is wrong with the member is an event.
    virtual Result<void> member(Event event, const fuse::MemberName& name,
                                archive::Reader& bytes) = 0;
    /// Everything else.
    virtual Result<void> tell(Event event) = 0;
    /// Behind the last of an archive: nothing of it may be held back any more.
    virtual Result<void> finish_archive() = 0;
};

struct Scanned {
    Side side = Side::Metadata;
    std::uint32_t number = 0;  ///< of the archive
    const ArchiveFile* archive = nullptr;
    std::uint32_t attempt = 0;
};

/// Goes through an archive once and says how many members it has. Members that can't be read
/// and damage between them are told of. Errors: those of the visitor, of reading the file as
/// such, Cancelled.
Result<std::uint64_t> scan_archive(const Scanned& scanned, const fuse::MemberNames& names,
                                   Progress& progress, ScanVisitor& visitor);

/// Whether an error is one of what an archive holds, not of reading it.
bool is_of_content(const Error& error);
/// Of reading an archive as such, and of writing to where instances go: Unavailable where a
/// server answers with an error that would be one of content.
template <typename T>
Result<T> not_of_content(Result<T> result) {
    if (!result && is_of_content(result.error())) result.error().code = ErrorCode::Unavailable;
    return result;
}

}  // namespace larmor::reassembly::run
