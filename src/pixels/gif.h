#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "pixels/render.h"

namespace larmor::pixels {

/// A GIF made picture by picture, which gives the bytes of each when it is there: holds one
/// picture, not the file. Grey and up to 256 colours are kept exactly; more are reduced to the
/// 256 that suit each picture best. Source: Graphics Interchange Format, version 89a.
class GifWriter {
public:
    enum class Kind : std::uint8_t { Still, Animation };

    explicit GifWriter(Kind kind);
    ~GifWriter();
    GifWriter(GifWriter&&) noexcept;
    GifWriter& operator=(GifWriter&&) = delete;

    /// The bytes of the next picture, the first with the head of the file before it. It stays
    /// for `delay_cs` hundredths of a second, up to 65,535. Errors: InvalidInput for an empty
    /// picture, a side over 65,535 and one of another size than the first; LimitExceeded for
    /// lack of memory.
    Result<std::string> add(Picture picture, std::uint32_t delay_cs = 0);
    /// The bytes behind the last picture.
    Result<std::string> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace larmor::pixels
