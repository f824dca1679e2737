#include "objects/s3/nameless_file.h"

#include <fcntl.h>

namespace larmor::objects::s3 {

Result<UniqueFd> make_nameless_file(const std::filesystem::path& folder) {
    return open_file(folder, O_RDWR | O_TMPFILE);
}

}  // namespace larmor::objects::s3
