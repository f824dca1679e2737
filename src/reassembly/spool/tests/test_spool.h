#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.h"
#include "reassembly/spool/reader.h"
#include "reassembly/spool/writer.h"

namespace larmor::reassembly::spool::testing {

/// A path for one spool, which goes away with the test.
class TemporaryPath {
public:
    TemporaryPath()
        : path_(std::filesystem::temp_directory_path() / (random_id() + ".spool")) {}
    ~TemporaryPath() { std::filesystem::remove(path_); }
    TemporaryPath(const TemporaryPath&) = delete;
    TemporaryPath& operator=(const TemporaryPath&) = delete;
    operator const std::filesystem::path&() const { return path_; }

private:
    std::filesystem::path path_;
};

/// What is written and expected back.
struct Kept {
    std::string uid;
    std::uint32_t archive = 0;
    std::uint64_t offset = 0;
    std::string data_set;
    Record view() const {
        return {
            .uid = uid, .archive = archive, .offset = offset, .data_set = as_bytes(data_set)};
    }
    friend bool operator==(const Kept&, const Kept&) = default;
};
inline Kept kept(const Record& record) {
    return {std::string(record.uid), record.archive, record.offset, to_string(record.data_set)};
}

/// Looks like a data set: much is the same in all, and each is another.
inline Kept some_record(std::uint64_t i) {
    std::string data_set;
    for (std::uint64_t element = 0; element < 10 + i % 7; ++element) {
        data_set += "ISO_IR 192 ORIGINAL\\PRIMARY\\AXIAL 1.2.840.10008.5.1.4.1.1.2 value " +
                    std::to_string(i * 2654435761U % 100'000 * element) + ' ';
    }
    return {"1.2.840.99." + std::to_string(i), static_cast<std::uint32_t>(i % 3), i * 512,
            std::move(data_set)};
}

inline std::vector<std::uint64_t> write_records(Writer& writer, std::uint64_t first,
                                                std::uint64_t last) {
    std::vector<std::uint64_t> ordinals;
    for (std::uint64_t i = first; i < last; ++i) {
        const auto ordinal = writer.append(some_record(i).view());
        EXPECT_TRUE(ordinal) << ordinal.error().message;
        ordinals.push_back(ordinal.value_or(~0ULL));
    }
    const auto flushed = writer.flush();
    EXPECT_TRUE(flushed) << flushed.error().message;
    return ordinals;
}

}  // namespace larmor::reassembly::spool::testing
