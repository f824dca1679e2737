#include <algorithm>

#include "dicom/file.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "pixels/frame_index.h"
#include "reassembly/fuse/payload.h"

namespace larmor::reassembly::fuse {
namespace {

namespace tags = dicom::tags;
using dicom::PixelCoding;

class HeadlessReader {
public:
    HeadlessReader(const dicom::File& file, const ImageFacts& facts, std::uint32_t index)
        : file_(file), facts_(facts), index_(index) {}

    Result<Payload> read(const dicom::DataElement& element) {
        payload_.transfer_syntax_uid = file_.transfer_syntax_uid;
        payload_.is_encapsulated = element.length == dicom::kUndefinedLength;
        if (payload_.is_encapsulated) {
            TRY_VOID(read_fragments(element));
        } else {
            read_native(element);
        }
        return std::move(payload_);
    }

private:
    /// Bytes of the data set as a piece: of the member, or copied where it was deflated.
    Piece piece(Bytes bytes, std::uint32_t word_bytes = 1) const {
        Piece made{.made = {}, .member = index_, .range = {}, .word_bytes = word_bytes};
        if (file_.inflated) {
            made.member = Piece::kMade;
            made.made.assign(bytes.begin(), bytes.end());
        } else {
            made.range = {static_cast<std::uint64_t>(bytes.data() - file_.bytes.data()),
                          bytes.size()};
        }
        return made;
    }

    void read_native(const dicom::DataElement& element) {
        // Bytes in big-endian words of 16 bits stand the other way round, too: PS3.5 annex A.3.
        const auto bits = static_cast<std::uint32_t>(facts_.bits_allocated);
        const bool in_words = bits > 8 || element.vr == dicom::vr::OW;
        const bool turns = file_.encoding.order == dicom::ByteOrder::Big && in_words;
        std::uint32_t word_bytes = turns ? std::max<std::uint32_t>(2, bits / 8) : 1;
        if (element.value.size() % word_bytes != 0) word_bytes = 1;
        payload_.native.push_back(piece(element.value, word_bytes));
    }

    Result<void> read_fragments(const dicom::DataElement& element) {
        std::vector<std::size_t> starts;  // of the fragments' items, in the data set
        std::vector<Bytes> fragments;
        dicom::Reader reader(file_.data_set.subspan(element.offset), file_.encoding);
        dicom::Token token;
        while (reader.advance(token) && token.kind != dicom::TokenKind::FragmentsEnd) {
            if (token.kind != dicom::TokenKind::Fragment) continue;
            starts.push_back(element.offset + token.value_offset);
            fragments.push_back(token.value);
        }
        if (reader.failed()) return tl::unexpected(reader.error());
        if (fragments.size() < 2) return fail(ErrorCode::InvalidInput, "no fragments");
        starts.erase(starts.begin());
        fragments.erase(fragments.begin());

        const auto* syntax = file_.transfer_syntax;
        if (syntax != nullptr && (syntax->coding == PixelCoding::Video ||
                                  syntax->coding == PixelCoding::Referenced)) {
            add_frame(fragments);
            return {};
        }
        TRY(auto firsts, frame_starts(element, starts));
        firsts.push_back(fragments.size());
        for (std::size_t i = 0; i + 1 < firsts.size(); ++i) {
            add_frame(std::span(fragments).subspan(firsts[i], firsts[i + 1] - firsts[i]));
            TRY_VOID(look_at_frame(std::span(fragments).subspan(firsts[i]),
                                   firsts[i + 1] - firsts[i]));
        }
        return {};
    }

    /// The first fragment of each frame, as the frame index finds it.
    Result<std::vector<std::size_t>> frame_starts(
        const dicom::DataElement& element, const std::vector<std::size_t>& starts) const {
        pixels::ImageDescription image;
        image.rows = static_cast<std::uint32_t>(facts_.rows);
        image.columns = static_cast<std::uint32_t>(facts_.columns);
        image.samples_per_pixel = static_cast<std::uint16_t>(facts_.samples);
        image.number_of_frames = static_cast<std::uint32_t>(facts_.frames);
        image.bits_allocated = static_cast<std::uint16_t>(facts_.bits_allocated);
        image.bits_stored = image.bits_allocated;
        image.high_bit = static_cast<std::uint16_t>(image.bits_stored - 1);
        image.pixel_data = pixels::PixelDataElement{
            .tag = element.tag,
            .vr = element.vr,
            .encapsulated = true,
            .offset = element.offset,
            .value_offset =
                static_cast<std::uint64_t>(element.value.data() - file_.data_set.data()),
            .count = static_cast<std::uint64_t>(file_.data_set.data() + file_.data_set.size() -
                                                element.value.data())};
        for (auto [tag, range] :
             {std::pair(tags::ExtendedOffsetTable, &image.extended_offsets),
              {tags::ExtendedOffsetTableLengths, &image.extended_lengths}}) {
            TRY(const auto table, dicom::find(file_.data_set, file_.encoding, tag));
            if (!table) continue;
            *range = ByteRange{
                static_cast<std::uint64_t>(table->value.data() - file_.data_set.data()),
                table->value.size()};
        }
        TRY(const auto index, pixels::build_frame_index(file_, image));
        const auto view = index.view();
        if (std::cmp_not_equal(view.frame_count(), facts_.frames)) {
            return conflict("Number of Frames is " + std::to_string(facts_.frames) +
                            ", the fragments make " + std::to_string(view.frame_count()));
        }
        const std::uint64_t base = view.in_inflated() ? 0 : file_.data_set_offset;
        std::vector<std::size_t> firsts;
        for (std::uint32_t frame = 0; frame < view.frame_count(); ++frame) {
            TRY(const auto location, view.locate(frame));
            const auto at = std::ranges::find(starts, location.ranges.front().offset - base);
            if (at == starts.end()) return conflict("a frame that begins in no fragment");
            firsts.push_back(static_cast<std::size_t>(at - starts.begin()));
        }
        return firsts;
    }

    void add_frame(std::span<const Bytes> fragments) {
        EncapsulatedFrame frame;
        for (const Bytes fragment : fragments) frame.fragments.push_back(piece(fragment));
        payload_.frames.push_back(std::move(frame));
    }

    /// What the codestream of the frame that was added last says, where we read its coding.
    Result<void> look_at_frame(std::span<const Bytes> fragments, std::size_t count) {
        constexpr std::size_t kHeadBytes = std::size_t{1} << 20;
        // Usually the header is in the first fragment; else it is put together.
        ByteBuffer joined;
        Bytes head = fragments.front();
        std::uint64_t size = head.size();
        if (count > 1) {
            for (std::size_t i = 0; i < count && joined.size() < kHeadBytes; ++i) {
                joined.insert(joined.end(), fragments[i].begin(), fragments[i].end());
            }
            head = joined;
            size = joined.size();
        }
        const auto* syntax = file_.transfer_syntax;
        const bool is_rle = syntax != nullptr && syntax->coding == PixelCoding::Rle;
        if (!is_rle && !starts_codestream(head)) {
            if (syntax == nullptr || syntax->coding == PixelCoding::DeflatedFrame) return {};
            return fail(ErrorCode::InvalidInput, "a frame that is no codestream that we know");
        }
        TRY(const auto stream, is_rle ? read_rle(head, size) : read_codestream(head, size));
        TRY_VOID(check_codestream(stream, facts_));
        auto& frame = payload_.frames.back();
        frame.codestream = stream;
        if (count == 1 && stream.range.offset > 0 && frame.fragments[0].member == index_) {
            // Boxes of JP2, which no fragment may have, stay behind.
            frame.fragments[0].range.offset += stream.range.offset;
            frame.fragments[0].range.count = stream.range.count;
        }
        return {};
    }

    const dicom::File& file_;
    const ImageFacts& facts_;
    std::uint32_t index_;
    Payload payload_;
};

}  // namespace

Result<Payload> read_headless(const MetadataHalf& metadata, const ImageFacts& facts,
                              const ImageMember& member, std::uint32_t index) {
    TRY(const auto file, dicom::open_file(member.head));
    if (!file.meta.empty()) {
        TRY(const auto meta, dicom::Attributes::read(file.meta, file.meta_encoding));
        const auto uid = meta.text(tags::MediaStorageSOPInstanceUID);
        if (!uid.empty() && uid != facts.sop_instance_uid) {
            return conflict("the headless DICOM file is that of another instance");
        }
    }
    TRY(const auto head,
        dicom::Attributes::read(file.data_set, file.encoding, tags::SOPInstanceUID));
    const auto uid = head.text(tags::SOPInstanceUID);
    if (!uid.empty() && uid != facts.sop_instance_uid) {
        return conflict("the headless DICOM file is that of another instance");
    }
    TRY(const auto element, dicom::find(file.data_set, file.encoding, metadata.pixel_tag));
    if (!element) {
        return conflict("the headless DICOM file has no " +
                        dicom::to_string(metadata.pixel_tag));
    }
    return HeadlessReader(file, facts, index).read(*element);
}

}  // namespace larmor::reassembly::fuse
