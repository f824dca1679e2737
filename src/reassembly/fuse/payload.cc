#include "reassembly/fuse/payload.h"

#include <algorithm>
#include <numeric>

#include "reassembly/fuse/native_image.h"

namespace larmor::reassembly::fuse {
namespace {

using pixels::Photometric;

/// A member and its place among those that the caller gave.
struct Placed {
    const ImageMember* member = nullptr;
    std::uint32_t index = 0;
};

std::string count_of(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

/// In the order of their frames: one that is not numbered, or all frames without a gap.
Result<std::vector<Placed>> in_order(std::span<const ImageMember> members) {
    std::vector<Placed> placed;
    for (std::uint32_t i = 0; i < members.size(); ++i) placed.push_back({&members[i], i});
    std::ranges::stable_sort(
        placed, {}, [](const Placed& one) { return one.member->name.frame.value_or(0); });
    const bool is_numbered = placed.front().member->name.frame.has_value();
    if (!is_numbered && placed.size() > 1) {
        return conflict(std::to_string(placed.size()) +
                        " members, one of them without a frame number");
    }
    const std::uint64_t first = placed.front().member->name.frame.value_or(0);
    if (first > 1) return conflict("frames begin at number " + std::to_string(first));
    for (std::size_t i = 0; i < placed.size(); ++i) {
        const auto& frame = placed[i].member->name.frame;
        if (is_numbered != frame.has_value()) {
            return conflict("a member without a frame number among numbered ones");
        }
        if (!is_numbered || *frame == first + i) continue;
        return conflict(*frame < first + i
                            ? "frame " + std::to_string(*frame) + " is there twice"
                            : "frame " + std::to_string(first + i) + " is missing");
    }
    return placed;
}

bool starts_png(Bytes head) {
    return head.size() >= 8 && as_text(head.first(8)) == "\x89PNG\r\n\x1a\n";
}
bool starts_tiff(Bytes head) {
    if (head.size() < 4) return false;
    const auto magic = as_text(head.first(4));
    return magic == std::string_view("II*\0", 4) || magic == std::string_view("MM\0*", 4);
}
bool starts_dicom(Bytes head) {
    return head.size() >= 132 && as_text(head.subspan(128, 4)) == "DICM";
}

bool declares(const MetadataHalf& metadata, bool encapsulated) {
    const auto* syntax = dicom::find_transfer_syntax(metadata.transfer_syntax_uid);
    return syntax != nullptr && syntax->encapsulated == encapsulated;
}
bool declares_rle(const MetadataHalf& metadata) {
    const auto* syntax = dicom::find_transfer_syntax(metadata.transfer_syntax_uid);
    return syntax != nullptr && syntax->coding == dicom::PixelCoding::Rle;
}

/// What a member is, by its extension or, where that leaves it open, by its first bytes.
/// `native_bytes`: of what it should hold, to tell codestreams in `.bin` from pixels.
MemberKind kind_of(const ImageMember& member, const MetadataHalf& metadata,
                   std::optional<std::uint64_t> native_bytes) {
    const Bytes head = member.head;
    const auto kind = member.name.kind;
    const bool is_open = kind == MemberKind::Unknown;
    if (kind != MemberKind::Raw && !is_open) return kind;
    if (is_open) {
        if (starts_dicom(head)) return MemberKind::Dicom;
        if (starts_png(head)) return MemberKind::Png;
        if (starts_tiff(head)) return MemberKind::Tiff;
    }
    const bool has_native_size =
        native_bytes && (member.size_bytes == *native_bytes ||
                         member.size_bytes == *native_bytes + *native_bytes % 2);
    if (has_native_size && !declares(metadata, true)) return MemberKind::Raw;
    if (starts_codestream(head)) return MemberKind::Codestream;
    if (declares_rle(metadata) && starts_rle(head)) return MemberKind::Rle;
    return MemberKind::Raw;
}

/// Colour by plane, as Planar Configuration 1 wants it.
ByteBuffer by_plane(const NativeImage& image) {
    const std::size_t sample_bytes = image.bits / 8;
    const std::size_t pixels = image.pixels.size() / sample_bytes / image.samples;
    ByteBuffer out(image.pixels.size());
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
        for (std::size_t sample = 0; sample < image.samples; ++sample) {
            std::copy_n(image.pixels.data() + (pixel * image.samples + sample) * sample_bytes,
                        sample_bytes, out.data() + (sample * pixels + pixel) * sample_bytes);
        }
    }
    return out;
}

Result<void> check_native_image(const NativeImage& image, const ImageFacts& facts) {
    using Colour = NativeImage::Colour;
    const bool same_size = std::cmp_equal(image.rows, facts.rows) &&
                           std::cmp_equal(image.columns, facts.columns) &&
                           std::cmp_equal(image.samples, facts.samples);
    if (!same_size) {
        return conflict("the image has " + std::to_string(image.rows) + " x " +
                        std::to_string(image.columns) + " pixels of " +
                        count_of(image.samples, "sample") + ", the data set says " +
                        std::to_string(facts.rows) + " x " + std::to_string(facts.columns) +
                        " of " + std::to_string(facts.samples));
    }
    if (std::cmp_not_equal(image.bits, facts.bits_allocated)) {
        return conflict("the image has " + std::to_string(image.bits) +
                        " bits a sample, Bits Allocated is " +
                        std::to_string(facts.bits_allocated));
    }
    const auto photometric = facts.photometric();
    const bool is_inverted = photometric == Photometric::Monochrome1;
    const bool fits = image.colour == Colour::Rgb ? photometric == Photometric::Rgb
                      : image.colour == Colour::Palette
                          ? photometric == Photometric::PaletteColor
                          : (image.colour == Colour::InvertedGrey) == is_inverted ||
                                photometric == Photometric::PaletteColor ||
                                (image.colour == Colour::Grey && is_inverted);
    if (fits) return {};
    return conflict("Photometric Interpretation " + facts.photometric_interpretation +
                    " is not that of the image");
}

class PayloadReader {
public:
    PayloadReader(const MetadataHalf& metadata, const ImageFacts& facts,
                  const FuseOptions& options)
        : metadata_(metadata), facts_(facts), options_(options) {}

    Result<Payload> read(std::span<const ImageMember> members) {
        TRY(const auto placed, in_order(members));
        is_numbered_ = placed.front().member->name.frame.has_value();
        if (is_numbered_ && std::cmp_not_equal(placed.size(), facts_.frames)) {
            return conflict("Number of Frames is " + std::to_string(facts_.frames) +
                            ", there are " + std::to_string(placed.size()));
        }
        auto expected = facts_.native_bytes();
        const auto frame_bits = facts_.frame_bits();
        if (is_numbered_) {
            expected = frame_bits ? std::optional((*frame_bits + 7) / 8) : std::nullopt;
        }
        for (const auto& one : placed) {
            TRY_VOID(add(one, kind_of(*one.member, metadata_, expected)));
        }
        if (!payload_.is_encapsulated) {
            TRY_VOID(check_native(frame_bits));
        } else if (std::cmp_not_equal(payload_.frames.size(), facts_.frames) && !is_headless_) {
            return conflict("Number of Frames is " + std::to_string(facts_.frames) +
                            ", there is one codestream");
        }
        return std::move(payload_);
    }

private:
    Result<void> add(const Placed& placed, MemberKind kind) {
        const auto& member = *placed.member;
        if (!payload_.native.empty() || !payload_.frames.empty()) {
            if ((kind == MemberKind::Codestream || kind == MemberKind::Rle) !=
                payload_.is_encapsulated) {
                return conflict("some frames are native, some are compressed");
            }
        }
        switch (kind) {
            case MemberKind::Metadata:
                return fail(ErrorCode::InvalidInput, "metadata among the images");
            case MemberKind::Dicom: {
                if (is_numbered_) {
                    return conflict("a headless DICOM file is numbered as a frame");
                }
                is_headless_ = true;
                TRY(payload_, read_headless(metadata_, facts_, member, placed.index));
                return {};
            }
            case MemberKind::Codestream:
            case MemberKind::Rle:
                return add_codestream(placed, kind);
            case MemberKind::Png: {
                TRY(const auto image, read_png(member.head, pixels_left_));
                return add_image(image);
            }
            case MemberKind::Tiff: {
                TRY(const auto pages, read_tiff(member.head, pixels_left_));
                for (const auto& page : pages) TRY_VOID(add_image(page));
                return {};
            }
            default:
                return add_raw(placed);
        }
    }

    Result<void> add_codestream(const Placed& placed, MemberKind kind) {
        const auto& member = *placed.member;
        TRY(const auto stream, kind == MemberKind::Rle
                                   ? read_rle(member.head, member.size_bytes)
                                   : read_codestream(member.head, member.size_bytes));
        TRY_VOID(check_codestream(stream, facts_));
        payload_.is_encapsulated = true;
        EncapsulatedFrame frame{.fragments = {}, .codestream = stream};
        frame.fragments.push_back(
            Piece{.made = {}, .member = placed.index, .range = stream.range, .word_bytes = 1});
        payload_.frames.push_back(std::move(frame));
        return {};
    }

    Result<void> add_image(const NativeImage& image) {
        TRY_VOID(check_native_image(image, facts_));
        pixels_left_ -= image.pixels.size();
        const bool apart = facts_.is_planar && image.samples > 1;
        payload_.native.push_back(Piece{.made = apart ? by_plane(image) : image.pixels,
                                        .member = Piece::kMade,
                                        .range = {},
                                        .word_bytes = 1});
        return {};
    }

    Result<void> add_raw(const Placed& placed) {
        const auto size = placed.member->size_bytes;
        const auto bits = static_cast<std::uint32_t>(facts_.bits_allocated);
        const bool turns = options_.raw_order == RawOrder::Big && bits > 8 && bits % 8 == 0;
        const std::uint32_t word_bytes = turns ? bits / 8 : 1;
        if (word_bytes > 8 || (word_bytes & (word_bytes - 1)) != 0 || size % word_bytes != 0) {
            return conflict(std::to_string(size) + " bytes are no whole number of samples of " +
                            std::to_string(bits) + " bits");
        }
        payload_.native.push_back(Piece{
            .made = {}, .member = placed.index, .range = {0, size}, .word_bytes = word_bytes});
        return {};
    }

    /// Sizes of native pixels, and colours that only compressed ones can have.
    Result<void> check_native(std::optional<std::uint64_t> frame_bits) {
        const auto photometric = facts_.photometric();
        if (photometric == Photometric::YbrRct || photometric == Photometric::YbrIct) {
            return conflict("Photometric Interpretation " + facts_.photometric_interpretation +
                            " of native pixels");
        }
        const auto expected = facts_.native_bytes();
        if (!expected || !frame_bits) {
            return conflict("the data set doesn't say how large its pixels are");
        }
        const auto found = payload_.native_bytes();
        const bool is_padded = found == *expected + *expected % 2;
        if (found != *expected && !(is_padded && !is_numbered_)) {
            return conflict(
                "there are " + std::to_string(found) + " bytes of pixels; rows (" +
                std::to_string(facts_.rows) + "), columns (" + std::to_string(facts_.columns) +
                "), samples (" + std::to_string(facts_.samples) + "), bits (" +
                std::to_string(facts_.bits_allocated) + ") and frames (" +
                std::to_string(facts_.frames) + ") make " + std::to_string(*expected));
        }
        if (!is_numbered_) return {};
        const bool same = std::ranges::all_of(payload_.native, [&](const Piece& piece) {
            return piece.size_bytes() * 8 == *frame_bits;
        });
        return same ? Result<void>() : conflict("frames of different sizes");
    }

    const MetadataHalf& metadata_;
    const ImageFacts& facts_;
    const FuseOptions& options_;
    Payload payload_;
    std::uint64_t pixels_left_ = options_.pixels_max_bytes;
    bool is_numbered_ = false;
    bool is_headless_ = false;
};

}  // namespace

std::uint64_t Payload::native_bytes() const {
    return std::accumulate(
        native.begin(), native.end(), std::uint64_t{0},
        [](std::uint64_t sum, const Piece& piece) { return sum + piece.size_bytes(); });
}

Result<Payload> read_payload(const MetadataHalf& metadata, const ImageFacts& facts,
                             std::span<const ImageMember> members, const FuseOptions& options) {
    return PayloadReader(metadata, facts, options).read(members);
}

}  // namespace larmor::reassembly::fuse
