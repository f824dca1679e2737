#include "reassembly/uid_index/index.h"

#include "base/hash.h"

namespace larmor::reassembly::uid_index {

std::uint64_t Index::memory_bytes() const {
    std::uint64_t sum = parts_.size() * sizeof(Part) + lists_.size() * sizeof(Lists);
    for (const Lists& lists : lists_) sum += lists.words.size() * sizeof(std::uint64_t);
    for (std::size_t i = first_in_memory_; i < parts_.size(); ++i)
        sum += parts_[i].shape.slot_count * sizeof(Slot);
    return sum;
}

std::uint64_t Index::file_bytes() const {
    std::uint64_t pages = 0;
    for (std::size_t i = 0; i < first_in_memory_; ++i)
        pages += pages_for(parts_[i].shape.slot_count) + pages_for(lists_[i].word_count);
    return pages * kPageBytes;
}

Result<std::uint64_t> Index::digest() const {
    std::uint64_t digest = 0;
    const auto add = [&digest](std::span<const std::uint64_t> words) {
        for (const std::uint64_t word : words)
            digest = xxh3(std::as_bytes(std::span(&word, 1)), digest);
    };
    const auto add_pages = [&](std::uint64_t first, std::uint64_t count) -> Result<void> {
        Page page;
        for (std::uint64_t done = 0; done < count; done += kWordsPerPage, ++first) {
            TRY_VOID(file_->read(first, page));
            add(std::span(page).first(std::min<std::uint64_t>(kWordsPerPage, count - done)));
        }
        return {};
    };
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const Part& part = parts_[i];
        const Lists& lists = lists_[i];
        const std::array<std::uint64_t, 4> shape{part.shape.home_count, part.shape.slot_count,
                                                 part.shape.ordered ? 1U : 0U,
                                                 lists.word_count};
        add(shape);
        if (!in_memory(i)) {
            TRY_VOID(add_pages(part.first, part.shape.slot_count));
            TRY_VOID(add_pages(lists.first_page, lists.word_count));
        } else {
            add({slots_of(part), part.shape.slot_count});
            add(lists.words);
        }
    }
    return digest;
}

}  // namespace larmor::reassembly::uid_index
