#include "reassembly/join_bench/process_memory.h"

#include <fcntl.h>

#include <array>
#include <charconv>

#include "base/file.h"

namespace larmor::reassembly::join_bench {

Result<std::uint64_t> peak_resident_bytes() {
    TRY(const UniqueFd file, open_file("/proc/self/status", O_RDONLY));
    std::array<std::byte, 8192> content{};
    TRY(const std::size_t size, read_some(file, content));
    const std::string_view text = as_text(Bytes(content).first(size));
    constexpr std::string_view kName = "VmHWM:";
    const auto at = text.find(kName);
    if (at == std::string_view::npos) return fail(ErrorCode::Unsupported, "no VmHWM here");
    const auto digits = text.find_first_of("0123456789", at);
    std::uint64_t kib = 0;
    std::from_chars(text.data() + digits, text.data() + text.size(), kib);
    return kib * 1024;
}

}  // namespace larmor::reassembly::join_bench
