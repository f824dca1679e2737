#include "ingest/instances.h"

#include <cstdio>

namespace larmor::bench {
namespace {

// The end of every UID in the file: when its author made it. 19 digits take its place, behind
// the dot; what stood before tells study, series and instance apart.
constexpr std::string_view kStamp = "20040119072730.12322";
constexpr std::string_view kStudy = "1.3.6.1.4.1.5962.1.2.1.",
                           kSeries = "1.3.6.1.4.1.5962.1.3.1.1.",
                           kInstance = "1.3.6.1.4.1.5962.1.1.1.1.1.";
constexpr unsigned kSide = 128;

std::size_t find_element(const std::string& file, std::string_view header) {
    return file.find(header, 132);
}

}  // namespace

Result<Instances> Instances::from(std::string ct_small, const Shape& shape) {
    Instances instances;
    instances.shape_ = shape;
    const auto add_places = [&](std::string_view uid, Place::Level level) {
        const auto whole = std::string(uid) + std::string(kStamp);
        for (auto at = ct_small.find(whole); at != std::string::npos;
             at = ct_small.find(whole, at + 1)) {
            instances.places_.push_back({at + uid.size(), level});
        }
    };
    add_places(kStudy, Place::Level::Study);
    add_places(kSeries, Place::Level::Series);
    add_places(kInstance, Place::Level::Instance);
    const auto rows = find_element(ct_small, std::string_view("\x28\0\x10\0US\2\0", 8));
    const auto columns = find_element(ct_small, std::string_view("\x28\0\x11\0US\2\0", 8));
    const auto pixels = find_element(ct_small, std::string_view("\xe0\x7f\x10\0OW\0\0", 8));
    // Twice the instance (meta and data set), the study, the series.
    if (instances.places_.size() < 4 || rows == std::string::npos ||
        columns == std::string::npos || pixels == std::string::npos) {
        return fail(ErrorCode::InvalidInput, "this is not pydicom's CT_small.dcm");
    }
    constexpr std::size_t kHeaderBytes = 12;
    const auto tile = ct_small.substr(pixels + kHeaderBytes, 2UL * kSide * kSide);
    const unsigned times = shape.side / kSide;
    std::string tiled;
    for (unsigned row = 0; row < shape.side; ++row) {
        for (unsigned i = 0; i < times; ++i) {
            tiled += tile.substr(2UL * kSide * (row % kSide), 2UL * kSide);
        }
    }
    const auto side = static_cast<std::uint16_t>(shape.side);
    store_little(reinterpret_cast<std::byte*>(&ct_small[rows + 8]), side);
    store_little(reinterpret_cast<std::byte*>(&ct_small[columns + 8]), side);
    store_little(reinterpret_cast<std::byte*>(&ct_small[pixels + 8]),
                 static_cast<std::uint32_t>(tiled.size()));
    ct_small.replace(pixels + kHeaderBytes, tile.size(), tiled);
    instances.template_ = std::move(ct_small);
    return instances;
}

void Instances::make(std::uint64_t number, std::string& out) const {
    out = template_;
    const auto series = number / shape_.instances_per_series;
    for (const auto& place : places_) {
        const auto count = place.level == Place::Level::Instance ? number
                           : place.level == Place::Level::Series
                               ? series
                               : series / shape_.series_per_study;
        char digits[32];
        // 20 digits that do not start with 0, as long as the stamp.
        std::snprintf(digits, sizeof digits, "1%09llu%010llu",
                      static_cast<unsigned long long>(shape_.seed % 1'000'000'000),
                      static_cast<unsigned long long>(count));
        out.replace(place.offset, kStamp.size(), digits, kStamp.size());
    }
}

}  // namespace larmor::bench
