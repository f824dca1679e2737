#include <cstdint>

#include "archive/archive.h"
#include "archive/zip.h"

namespace {

using namespace larmor;
using namespace larmor::archive;

/// Any bytes: reading must end, stay inside its limits, and give no more than it declares.
void drain(Reader& reader) {
    ByteBuffer piece(4096);
    std::uint64_t total = 0;
    while (true) {
        const auto member = reader.next();
        if (!member || !*member) {
            return;
        }
        std::uint64_t given = 0;
        while (true) {
            const auto count = reader.read(piece);
            if (!count || *count == 0) {
                break;
            }
            given += *count;
            total += *count;
            LARMOR_CHECK(*count <= piece.size());
            LARMOR_CHECK(!(*member)->size_bytes || given <= *(*member)->size_bytes);
            LARMOR_CHECK(total <= 8U << 20);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const Limits limits{.ratio_max = 1100, .total_max_bytes = 8U << 20, .path_max_bytes = 1024};
    if (auto reader = open(std::make_unique<MemorySource>(input), limits)) {
        drain(**reader);
    }
    if (auto reader = read_zip(std::make_unique<MemorySource>(input), limits)) {
        drain(**reader);
    }
    return 0;
}
