#include "dicom/transfer_syntax.h"

#include <algorithm>
#include <array>

namespace larmor::dicom {

namespace {

constexpr TransferSyntax native(std::string_view uid, std::string_view name, Encoding encoding,
                                bool deflated = false) {
    return {.uid = uid, .name = name, .encoding = encoding, .deflated = deflated};
}

enum class Loss : bool { No, Maybe };

constexpr TransferSyntax coded(std::string_view uid, std::string_view name, PixelCoding coding,
                               Loss loss = Loss::No) {
    return {.uid = uid,
            .name = name,
            .encapsulated = true,
            .coding = coding,
            .lossy = loss == Loss::Maybe};
}

using enum PixelCoding;
using enum Loss;

// Source: PS3.5 section 10 and annex A, PS3.6 table A-1; retired ones included.
constexpr std::array kSyntaxes{
    native(kImplicitLittleUid, "Implicit VR Little Endian", kImplicitLittle),
    native(kExplicitLittleUid, "Explicit VR Little Endian", kExplicitLittle),
    native(kDeflatedLittleUid, "Deflated Explicit VR Little Endian", kExplicitLittle, true),
    native(kExplicitBigUid, "Explicit VR Big Endian", kExplicitBig),
    coded("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian",
          Native),
    coded("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", JpegBaseline, Maybe),
    coded("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.53",
          "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)", JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.54",
          "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)", JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.55",
          "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)", JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.56",
          "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)", JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)",
          JpegLossless),
    coded("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)",
          JpegLossless),
    coded("1.2.840.10008.1.2.4.59", "JPEG Extended, Hierarchical (Process 16 and 18)",
          JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.60", "JPEG Extended, Hierarchical (Process 17 and 19)",
          JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.61", "JPEG Spectral Selection, Hierarchical (Process 20 and 22)",
          JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.62", "JPEG Spectral Selection, Hierarchical (Process 21 and 23)",
          JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.63", "JPEG Full Progression, Hierarchical (Process 24 and 26)",
          JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.64", "JPEG Full Progression, Hierarchical (Process 25 and 27)",
          JpegExtended, Maybe),
    coded("1.2.840.10008.1.2.4.65", "JPEG Lossless, Hierarchical (Process 28)", JpegLossless),
    coded("1.2.840.10008.1.2.4.66", "JPEG Lossless, Hierarchical (Process 29)", JpegLossless),
    coded("1.2.840.10008.1.2.4.70",
          "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection "
          "Value 1])",
          JpegLossless),
    coded("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless Image Compression", JpegLs),
    coded("1.2.840.10008.1.2.4.81", "JPEG-LS Lossy (Near-Lossless) Image Compression", JpegLs,
          Maybe),
    coded("1.2.840.10008.1.2.4.90", "JPEG 2000 Image Compression (Lossless Only)", Jpeg2000),
    coded("1.2.840.10008.1.2.4.91", "JPEG 2000 Image Compression", Jpeg2000, Maybe),
    coded("1.2.840.10008.1.2.4.92",
          "JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)", Jpeg2000),
    coded("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component Image Compression",
          Jpeg2000, Maybe),
    TransferSyntax{.uid = "1.2.840.10008.1.2.4.94",
                   .name = "JPIP Referenced",
                   .coding = Referenced,
                   .lossy = true},
    TransferSyntax{.uid = "1.2.840.10008.1.2.4.95",
                   .name = "JPIP Referenced Deflate",
                   .deflated = true,
                   .coding = Referenced,
                   .lossy = true},
    coded("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", Video, Maybe),
    coded("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", Video,
          Maybe),
    coded("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", Video, Maybe),
    coded("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level", Video,
          Maybe),
    coded("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", Video, Maybe),
    coded("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1",
          Video, Maybe),
    coded("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
          Video, Maybe),
    coded("1.2.840.10008.1.2.4.103.1",
          "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", Video, Maybe),
    coded("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
          Video, Maybe),
    coded("1.2.840.10008.1.2.4.104.1",
          "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", Video, Maybe),
    coded("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
          Video, Maybe),
    coded("1.2.840.10008.1.2.4.105.1",
          "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", Video, Maybe),
    coded("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", Video,
          Maybe),
    coded("1.2.840.10008.1.2.4.106.1",
          "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", Video, Maybe),
    coded("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", Video, Maybe),
    coded("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", Video, Maybe),
    coded("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", JpegXl),
    coded("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", JpegXl, Maybe),
    coded("1.2.840.10008.1.2.4.112", "JPEG XL", JpegXl, Maybe),
    coded("1.2.840.10008.1.2.4.201",
          "High-Throughput JPEG 2000 Image Compression (Lossless Only)", Htj2k),
    coded("1.2.840.10008.1.2.4.202",
          "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)",
          Htj2k),
    coded("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000 Image Compression", Htj2k,
          Maybe),
    TransferSyntax{.uid = "1.2.840.10008.1.2.4.204",
                   .name = "JPIP HTJ2K Referenced",
                   .coding = Referenced,
                   .lossy = true},
    TransferSyntax{.uid = "1.2.840.10008.1.2.4.205",
                   .name = "JPIP HTJ2K Referenced Deflate",
                   .deflated = true,
                   .coding = Referenced,
                   .lossy = true},
    coded("1.2.840.10008.1.2.5", "RLE Lossless", Rle),
    TransferSyntax{.uid = "1.2.840.10008.1.2.7.1",
                   .name = "SMPTE ST 2110-20 Uncompressed Progressive Active Video",
                   .coding = Referenced},
    TransferSyntax{.uid = "1.2.840.10008.1.2.7.2",
                   .name = "SMPTE ST 2110-20 Uncompressed Interlaced Active Video",
                   .coding = Referenced},
    TransferSyntax{.uid = "1.2.840.10008.1.2.7.3",
                   .name = "SMPTE ST 2110-30 PCM Digital Audio",
                   .coding = Referenced},
    coded("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", DeflatedFrame),
    // Retired from the standard, but in old archives.
    native("1.2.840.10008.1.20", "Papyrus 3 Implicit VR Little Endian", kImplicitLittle),
    // GE's private one: Implicit VR Little Endian, only Pixel Data is Big Endian.
    native("1.2.840.113619.5.2", "Implicit VR Big Endian (GE private)", kImplicitLittle),
};

}  // namespace

const TransferSyntax* find_transfer_syntax(std::string_view uid) {
    while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.remove_suffix(1);
    const auto* found = std::ranges::find(kSyntaxes, uid, &TransferSyntax::uid);
    return found == kSyntaxes.end() ? nullptr : found;
}

}  // namespace larmor::dicom
