#include "reassembly/uid_index/page_file.h"

#include <fcntl.h>

#include "base/hash.h"
#include "base/ids.h"
#include "reassembly/reads/scratch_file.h"

namespace larmor::reassembly::uid_index {

Result<PageFile> PageFile::create(const std::filesystem::path& folder) {
    PageFile pages;
    TRY(pages.file_, reads::open_scratch_file(folder));
    // Its reads are single pages in no order: reading ahead would be reading in vain.
    ::posix_fadvise(pages.file_.get(), 0, 0, POSIX_FADV_RANDOM);
    fill_random(std::as_writable_bytes(std::span(&pages.key_, 1)));
    return pages;
}

std::uint64_t PageFile::check_of(std::uint64_t number, const Page& page) const {
    return xxh3(std::as_bytes(std::span(page).first<kWordsPerPage>()), key_ ^ number);
}

Result<void> PageFile::write(std::uint64_t first, std::span<const std::uint64_t> words,
                             std::vector<Page>& buffer) const {
    buffer.resize(pages_for(words.size()));
    for (std::size_t i = 0; i < buffer.size(); ++i) {
        const auto rest = words.subspan(i * kWordsPerPage);
        const auto here = rest.first(std::min(rest.size(), kWordsPerPage));
        buffer[i].fill(0);
        std::ranges::copy(here, buffer[i].begin());
        buffer[i].back() = check_of(first + i, buffer[i]);
    }
    return write_at(file_, first * kPageBytes, std::as_bytes(std::span(buffer)));
}

Result<void> PageFile::read(std::uint64_t number, Page& page) const {
    if (auto read =
            read_at(file_, number * kPageBytes, std::as_writable_bytes(std::span(page)));
        !read) {
        const bool cut = read.error().code == ErrorCode::InvalidInput;
        return fail(cut ? ErrorCode::Corrupt : read.error().code,
                    "the UID index: " + read.error().message);
    }
    return check(number, page);
}

Result<void> PageFile::check(std::uint64_t number, const Page& page) const {
    if (page.back() == check_of(number, page)) return {};
    return fail(ErrorCode::Corrupt,
                "page " + std::to_string(number) + " of the UID index is not what was written");
}

}  // namespace larmor::reassembly::uid_index
