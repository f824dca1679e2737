// Any bytes as an audit file: reading ends, a batch that is believed is inside the input and
// says again what was read, and what is a record is written and read back as the same.
#include <cstdint>

#include "audit/anchor.h"
#include "audit/record.h"
#include "audit/trail_files.h"

using namespace larmor;
using namespace larmor::audit;

namespace {

void check_record(std::string_view line) {
    const auto record = parse_record(line);
    if (!record) return;
    std::string again;
    append_line(again, *record);
    LARMOR_CHECK(again.find('\n') == again.size() - 1);
    again.pop_back();
    LARMOR_CHECK(parse_record(again).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const auto start = claimed_start(input, 0);
    std::uint64_t at = 0;
    const auto scan = scan_file(input, 1, start.value_or(ChainEnd{}), [&](const Batch& batch) {
        LARMOR_CHECK(batch.offset == at && batch.next > at && batch.next <= size);
        at = batch.next;
        for (const auto line : batch.records) check_record(line);
    });
    LARMOR_CHECK(scan.size_bytes == at && (scan.bad || at == size));
    claimed_end(input);
    check_record(as_text(input));
    if (const auto anchor = parse_anchor(as_text(input))) {
        LARMOR_CHECK(to_text(*anchor) == as_text(input));
    }
    return 0;
}
