#include "index/lake/merge_policy.h"

#include <algorithm>

namespace larmor::index::lake {

std::vector<DataFile> files_to_merge(std::vector<DataFile> files,
                                     const std::set<std::string>& touched,
                                     std::int64_t new_rows, std::int64_t rows_max) {
    std::ranges::stable_sort(files, {}, &DataFile::rows);
    const auto is_touched = [&](const DataFile& file) { return touched.contains(file.id); };
    std::vector<DataFile> merged;
    std::int64_t rows = new_rows;
    for (const auto& file : files) {
        if (!is_touched(file)) continue;
        merged.push_back(file);
        rows += file.rows;
    }
    for (const auto& file : files) {
        if (is_touched(file)) continue;
        if (file.rows > 2 * rows || rows + file.rows > rows_max) break;
        merged.push_back(file);
        rows += file.rows;
    }
    return merged;
}

}  // namespace larmor::index::lake
