#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"

namespace larmor::reassembly::uid_index {

/// Four to a page of the system, which is what a disk is asked for. Where the system has that
/// in memory, copying and checking are most of a look-up, so it takes no more than it needs.
inline constexpr std::size_t kPageBytes = 1024;
/// The last 8 bytes of a page are its check.
inline constexpr std::size_t kWordsPerPage = kPageBytes / 8 - 1;
using Page = std::array<std::uint64_t, kPageBytes / 8>;

inline std::uint64_t pages_for(std::uint64_t word_count) {
    return (word_count + kWordsPerPage - 1) / kWordsPerPage;
}

/// A nameless file of words in pages of 1 KiB. Each ends in a check over its words, its number
/// and a key of this file: damage, a page at another's place and one never written are found.
class PageFile {
public:
    /// Errors: those of open(2) in `folder`.
    static Result<PageFile> create(const std::filesystem::path& folder);

    /// Writes `words` from the start of page `first`; what is left of the last page is zero.
    /// `buffer` is used again. Safe from several threads for different pages.
    Result<void> write(std::uint64_t first, std::span<const std::uint64_t> words,
                       std::vector<Page>& buffer) const;
    Result<void> read(std::uint64_t number, Page& page) const;
    /// Errors: Corrupt, with the page's number.
    Result<void> check(std::uint64_t number, const Page& page) const;
    const UniqueFd& file() const { return file_; }

private:
    std::uint64_t check_of(std::uint64_t number, const Page& page) const;
    UniqueFd file_;
    std::uint64_t key_ = 0;
};

}  // namespace larmor::reassembly::uid_index
