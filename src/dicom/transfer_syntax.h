#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace larmor::dicom {

enum class VrForm : bool { Explicit, Implicit };
enum class ByteOrder : bool { Little, Big };

/// How the bytes of a data set are to be read.
struct Encoding {
    VrForm vr = VrForm::Explicit;
    ByteOrder order = ByteOrder::Little;
    friend bool operator==(const Encoding&, const Encoding&) = default;
};
inline constexpr Encoding kExplicitLittle{};
inline constexpr Encoding kImplicitLittle{VrForm::Implicit, ByteOrder::Little};
inline constexpr Encoding kExplicitBig{VrForm::Explicit, ByteOrder::Big};

/// What carries the frames.
enum class PixelCoding : std::uint8_t {
    Native,
    DeflatedFrame,  ///< 1.2.840.10008.1.2.8.1
    Rle,
    JpegBaseline,  ///< .4.50
    JpegExtended,  ///< .4.51 and the retired lossy processes, 8 and 12 bits
    JpegLossless,  ///< .4.57, .4.70
    JpegLs,        ///< .4.80, .4.81
    Jpeg2000,      ///< .4.90, .4.91, and part 2
    Htj2k,         ///< .4.201, .4.202, .4.203
    JpegXl,        ///< .4.110, .4.111, .4.112: stored, no picture
    Video,         ///< MPEG2, MPEG4, HEVC: stored, no picture
    Referenced,    ///< JPIP, SMPTE: the pixels are elsewhere
};

struct TransferSyntax {
    std::string_view uid;
    std::string_view name;
    Encoding encoding{};
    bool deflated = false;      ///< the data set is a raw deflate stream (PS3.5 section A.5)
    bool encapsulated = false;  ///< Pixel Data is a sequence of fragments (PS3.5 section A.4)
    PixelCoding coding = PixelCoding::Native;
    bool lossy = false;  ///< may be: .91 and .203 carry both
};

/// The row of the registry, or nullptr for an unknown UID. Trailing NUL and blanks are ignored.
/// An unknown one is read as Explicit VR Little Endian, encapsulated (PS3.5 section A.4).
const TransferSyntax* find_transfer_syntax(std::string_view uid);

inline constexpr std::string_view kImplicitLittleUid = "1.2.840.10008.1.2";
inline constexpr std::string_view kExplicitLittleUid = "1.2.840.10008.1.2.1";
inline constexpr std::string_view kDeflatedLittleUid = "1.2.840.10008.1.2.1.99";
inline constexpr std::string_view kExplicitBigUid = "1.2.840.10008.1.2.2";

}  // namespace larmor::dicom
