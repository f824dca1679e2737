#include "pixels/codecs/codec.h"

#include <string>

namespace larmor::pixels::codecs {

Result<void> check_dimensions(const char* coding, const Expected& expected, std::uint64_t rows,
                              std::uint64_t columns, std::uint64_t samples,
                              unsigned precision) {
    if (rows != expected.rows || columns != expected.columns || samples != expected.samples) {
        return fail(
            ErrorCode::InvalidInput,
            std::string(coding) + ": the codestream holds " + std::to_string(rows) + " rows, " +
                std::to_string(columns) + " columns, " + std::to_string(samples) +
                " components; the data set says " + std::to_string(expected.rows) + ", " +
                std::to_string(expected.columns) + ", " + std::to_string(expected.samples));
    }
    if (precision < 1 || precision > expected.bits_allocated) {
        return fail(ErrorCode::InvalidInput,
                    std::string(coding) + ": the codestream has samples of " +
                        std::to_string(precision) + " bits, the data set allocates " +
                        std::to_string(expected.bits_allocated));
    }
    return {};
}

Result<void> check_memory(const char* coding, const Expected& expected,
                          std::uint64_t bytes_per_sample) {
    // No overflow: the description bounds a frame to 2^32 samples and the factor is small.
    const auto bytes = expected.sample_count() * bytes_per_sample;
    if (bytes > expected.memory_max_bytes) {
        return fail(ErrorCode::LimitExceeded,
                    std::string(coding) + ": decoding would take " + std::to_string(bytes) +
                        " bytes, allowed are " + std::to_string(expected.memory_max_bytes));
    }
    return {};
}

}  // namespace larmor::pixels::codecs
