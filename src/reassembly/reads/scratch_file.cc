#include "reassembly/reads/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/ids.h"

namespace larmor::reassembly::reads {

Result<UniqueFd> open_scratch_file(const std::filesystem::path& folder) {
    constexpr unsigned kMode = 0600;  // it is made of what the archives hold
    if (auto nameless = open_file(folder, O_TMPFILE | O_RDWR, kMode)) return nameless;
    // Not every file system has O_TMPFILE; the name is gone as soon as the file is open.
    const auto path = folder / ("." + random_id() + ".scratch");
    TRY(UniqueFd file, open_file(path, O_RDWR | O_CREAT | O_EXCL, kMode));
    if (::unlink(path.c_str()) != 0) return system_failure("unlink " + path.string(), errno);
    return file;
}

}  // namespace larmor::reassembly::reads
