#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

enum class SampleType : std::uint8_t { U8, S8, U16, S16, U32, S32, F32, F64 };
constexpr std::size_t size_of(SampleType type) {
    constexpr std::size_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 8};
    return sizes[static_cast<std::size_t>(type)];
}
constexpr bool is_signed(SampleType type) {
    return type != SampleType::U8 && type != SampleType::U16 && type != SampleType::U32;
}

/// Bytes that are not cleared when made; aligned for every sample type.
class SampleBuffer {
public:
    SampleBuffer() = default;
    explicit SampleBuffer(std::size_t size)
        : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}
    std::size_t size() const { return size_; }
    std::byte* data() { return bytes_.get(); }
    const std::byte* data() const { return bytes_.get(); }
    Bytes bytes() const { return {bytes_.get(), size_}; }
    /// Forgets what lies behind `size`, which must not be larger than it is.
    void truncate(std::size_t size) { size_ = size < size_ ? size : size_; }

private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
};

/// One decoded frame: rows * columns pixels of `samples` samples each, row by row, the samples
/// of a pixel next to each other, in the machine's byte order. Values are the stored values:
/// bits above bits_stored are gone (overlays too), signed ones are extended; 1-bit ones are a
/// byte of 0 or 1 each.
struct Frame {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::uint16_t samples = 1;  ///< 1 or 3
    std::uint16_t bits_stored = 0;
    SampleType type = SampleType::U8;
    /// Of these samples, which can differ from the data set: a codec turns YBR into RGB. One of
    /// Monochrome1, Monochrome2, PaletteColor, Rgb, YbrFull, YbrPartial422 (with every pixel's
    /// own three samples), Unknown.
    Photometric photometric = Photometric::Unknown;
    SampleBuffer pixels;  ///< sample_count() * size_of(type) bytes

    std::size_t sample_count() const {
        return static_cast<std::size_t>(rows) * columns * samples;
    }
    /// `T` must be the C++ type of `type`.
    template <typename T>
    std::span<const T> values() const {
        return {reinterpret_cast<const T*>(pixels.data()), sample_count()};
    }
    template <typename T>
    std::span<T> values() {
        return {reinterpret_cast<T*>(pixels.data()), sample_count()};
    }
};

/// A frame of the same kind of pixels and another size, whose pixels are not cleared.
inline Frame frame_like(const Frame& frame, std::uint32_t rows, std::uint32_t columns) {
    Frame made;
    made.rows = rows;
    made.columns = columns;
    made.samples = frame.samples;
    made.bits_stored = frame.bits_stored;
    made.type = frame.type;
    made.photometric = frame.photometric;
    made.pixels = SampleBuffer(made.sample_count() * size_of(made.type));
    return made;
}

/// Calls `function(std::span<const T>)` with the samples of the frame in their own type.
template <typename Function>
decltype(auto) visit_samples(const Frame& frame, Function&& function) {
    switch (frame.type) {
        case SampleType::U8:
            return function(frame.values<std::uint8_t>());
        case SampleType::S8:
            return function(frame.values<std::int8_t>());
        case SampleType::U16:
            return function(frame.values<std::uint16_t>());
        case SampleType::S16:
            return function(frame.values<std::int16_t>());
        case SampleType::U32:
            return function(frame.values<std::uint32_t>());
        case SampleType::S32:
            return function(frame.values<std::int32_t>());
        case SampleType::F32:
            return function(frame.values<float>());
        case SampleType::F64:
            break;
    }
    return function(frame.values<double>());
}

}  // namespace larmor::pixels
