#include <sys/mman.h>

#include <cstdint>

#include "base/hash.h"
#include "reassembly/spool/reader.h"

namespace {

using namespace larmor;
using namespace larmor::reassembly::spool;

constexpr std::size_t kFileCheckAt = 32, kBlockCheckAt = 20;

/// Makes the checksums of a spool right, as far as its sizes lead: what lies behind them is to
/// be read, too.
void mend_checksums(std::string& file) {
    const auto bytes = [&](std::size_t from, std::size_t count) {
        return as_bytes(std::string_view(file)).subspan(from, count);
    };
    const auto put = [&](std::size_t at, std::uint32_t value) {
        std::byte little[4];
        store_little(little, value);
        file.replace(at, sizeof little, as_text(little));
    };
    const auto header = parse_file_header(as_bytes(file));
    if (!header) return;
    std::size_t at = kFileHeaderBytes;
    if (header->dictionary_size_bytes > file.size() - at) return;
    at += header->dictionary_size_bytes;
    put(kFileCheckAt, crc32c(bytes(kFileHeaderBytes, header->dictionary_size_bytes),
                             crc32c(bytes(0, kFileCheckAt))));
    while (at < file.size()) {
        const auto block = parse_block_header(bytes(at, file.size() - at));
        if (!block || block->size_bytes > file.size() - at) return;
        put(at + kBlockCheckAt,
            crc32c(bytes(at + kBlockHeaderBytes, block->size_bytes - kBlockHeaderBytes),
                   crc32c(bytes(at, kBlockCheckAt), crc32c(header->id))));
        at += block->size_bytes;
    }
}

/// A file without a name that every run writes over.
const UniqueFd& scratch() {
    static const UniqueFd file(memfd_create("spool", MFD_CLOEXEC));
    return file;
}

}  // namespace

/// Any file, with checksums that are right or not: what is opened was wholly visited, and
/// reading by number gives the very records that were visited, or an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    std::string content(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[0] % 8 != 0) mend_checksums(content);
    LARMOR_CHECK(::ftruncate(scratch().get(), 0) == 0);
    LARMOR_CHECK(write_at(scratch(), 0, as_bytes(content)).has_value());

    std::vector<std::pair<std::uint64_t, std::string>> seen;
    const auto spool = Spool::reopen(
        {.path = "/proc/self/fd/" + std::to_string(scratch().get()), .memory_bytes = 1 << 10},
        {.size_bytes = content.size(), .block_count = data[1]},
        [&](std::uint64_t ordinal, const Record& record) -> Result<void> {
            seen.emplace_back(ordinal, std::string(record.uid));
            return {};
        });
    if (!spool) return 0;
    Reader reader(**spool);
    for (const auto& [ordinal, uid] : seen) {
        const auto record = reader.read(ordinal);
        LARMOR_CHECK(!record || record->uid == uid);
    }
    LARMOR_CHECK(!reader.read(std::uint64_t{data[1]} * kRecordsPerBlock));
    return 0;
}
