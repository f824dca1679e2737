#include "audit/trail_files.h"

#include <algorithm>
#include <cstdio>

#include "audit/fixed_text.h"

namespace larmor::audit {
namespace fs = std::filesystem;

std::string file_name(std::uint64_t number) {
    char name[40];
    std::snprintf(name, sizeof name, "%08llu.jsonl", static_cast<unsigned long long>(number));
    return name;
}

Result<std::vector<std::uint64_t>> list_files(const fs::path& folder) {
    std::vector<std::uint64_t> numbers;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename();
        std::string_view text = name;
        const auto number = take_number(text, "");
        if (number && name == file_name(*number)) numbers.push_back(*number);
    }
    if (error) return system_failure("list " + folder.string(), error.value());
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

FileScan scan_file(Bytes file, std::uint64_t number, const ChainEnd& before,
                   const std::function<void(const Batch&)>& see) {
    FileScan scan{.trail = {}, .end = before, .size_bytes = 0, .batches = 0, .bad = {}};
    scan_on(file, number, scan, see);
    return scan;
}

void scan_on(Bytes file, std::uint64_t number, FileScan& scan,
             const std::function<void(const Batch&)>& see) {
    scan.bad.reset();
    const auto stop = [&](std::string what) {
        scan.bad =
            Error{ErrorCode::Corrupt, "the batch at byte " + std::to_string(scan.size_bytes) +
                                          " " + std::move(what)};
    };
    while (scan.size_bytes < file.size() || scan.batches == 0) {
        const auto batch = read_batch(file, scan.size_bytes, scan.end);
        if (!batch) {
            scan.bad = batch.error();
            return;
        }
        if (scan.batches == 0) {
            const auto head = parse_head(batch->head);
            if (!head || head->number != number) {
                return stop("does not begin file number " + std::to_string(number));
            }
            scan.trail = head->trail;
        } else if (!batch->head.empty()) {
            return stop("begins another file");
        }
        if (see) see(*batch);
        scan.end = batch->end;
        scan.size_bytes = batch->next;
        ++scan.batches;
    }
}

}  // namespace larmor::audit
