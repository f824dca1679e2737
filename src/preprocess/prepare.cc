#include "preprocess/prepare.h"

#include <algorithm>

#include "dicom/json_write.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "pixels/decode.h"
#include "pixels/render.h"

namespace larmor::preprocess {
namespace {

/// What follows the instance in a BulkDataURI, see dicom::bulk_data_uri_under.
constexpr std::string_view kBulkDataPath = "/bulkdata/";

/// The frames that are looked at: all native ones, of others at most `count_max`, evenly spaced
/// and always with the middle one, which is the thumbnail's.
std::vector<std::uint32_t> frames_to_read(std::uint32_t frames, std::uint32_t count_max) {
    std::vector<std::uint32_t> chosen;
    const std::uint32_t step = std::max(1U, (frames + count_max - 1) / count_max);
    const std::uint32_t middle = frames / 2;
    for (std::uint32_t frame = middle % step; frame < frames; frame += step)
        chosen.push_back(frame);
    return chosen;
}

class PictureMaker {
public:
    PictureMaker(const dicom::File& file, const PrepareOptions& options,
                 PreparedInstance& prepared)
        : file_(file), options_(options), prepared_(prepared) {}

    Result<void> make() {
        TRY(const std::optional<pixels::ImageDescription> image, pixels::describe_image(file_));
        if (!image) return fail(ErrorCode::NotFound, "this SOP class holds no image");
        if (!image->pixel_data) return fail(ErrorCode::NotFound, "the image has no Pixel Data");
        TRY(pixels::FrameIndex index, pixels::build_frame_index(file_, *image));
        const pixels::FrameIndexView view = index.view();
        prepared_.frame_count = view.frame_count();
        prepared_.frame_index = std::move(index.stored);
        if (file_.transfer_syntax == nullptr) {
            return fail(ErrorCode::Unsupported,
                        "unknown transfer syntax " + file_.transfer_syntax_uid);
        }
        if (!pixels::can_decode(file_.transfer_syntax->coding)) {
            return fail(ErrorCode::Unsupported, "no decoder for transfer syntax " +
                                                    std::string(file_.transfer_syntax->name));
        }
        return look_at_frames(*image, view);
    }

private:
    Result<void> look_at_frames(const pixels::ImageDescription& image,
                                const pixels::FrameIndexView& index) {
        const std::uint32_t frames = index.frame_count();
        if (frames == 0) return fail(ErrorCode::NotFound, "the image has no frames");
        const std::uint32_t count_max =
            index.is_native() ? frames : options_.decoded_frames_max;
        pixels::StatisticsCollector statistics(image);
        std::optional<pixels::Frame> middle;
        for (const std::uint32_t number : frames_to_read(frames, count_max)) {
            auto frame = pixels::decode_frame(file_, image, index, number);
            if (!frame) {
                // One bad frame of many costs its own picture only.
                if (number == frames / 2) return tl::unexpected(std::move(frame).error());
                continue;
            }
            statistics.add(*frame, number);
            if (number == frames / 2) middle = std::move(*frame);
            if (options_.done_with) release(index, number);
        }
        prepared_.statistics = statistics.finish();
        if (!middle) return fail(ErrorCode::InvalidInput, "the middle frame was not read");
        return make_thumbnail(image, *middle, frames / 2);
    }

    Result<void> make_thumbnail(const pixels::ImageDescription& image,
                                const pixels::Frame& frame, std::uint32_t number) {
        pixels::RenderOptions render;
        render.rows_max = render.columns_max = options_.thumbnail_side_px;
        if (prepared_.statistics) render.default_window = prepared_.statistics->default_window;
        TRY(const pixels::Picture picture, pixels::render_frame(image, frame, number, render));
        TRY(prepared_.thumbnail, pixels::encode_jpeg(picture, 80));
        return {};
    }

    void release(const pixels::FrameIndexView& index, std::uint32_t number) {
        const auto location = index.locate(number);
        if (!location || index.in_inflated()) return;
        for (const ByteRange& range : location->ranges) options_.done_with(range);
    }

    const dicom::File& file_;
    const PrepareOptions& options_;
    PreparedInstance& prepared_;
};

}  // namespace

void append_with_urls(std::string& out, std::string_view metadata, const ServiceUrls& urls,
                      std::string_view path) {
    for (;;) {
        const std::size_t at = metadata.find(kServiceBase);
        out.append(metadata.substr(0, at));
        if (at == std::string_view::npos) return;
        metadata.remove_prefix(std::min(metadata.find(kBulkDataPath, at), metadata.size()));
        const std::string_view value = metadata.substr(0, metadata.find('"'));
        out.append(urls.base).append(path).append(value).append(urls.query);
        metadata.remove_prefix(value.size());
    }
}

std::string instance_path(std::string_view study, std::string_view series,
                          std::string_view instance) {
    std::string path = "/studies/";
    path.append(study).append("/series/").append(series).append("/instances/").append(instance);
    return path;
}

Result<PreparedInstance> prepare(const dicom::File& file, const PrepareOptions& options) {
    TRY(const dicom::Attributes attributes,
        dicom::Attributes::read(file.data_set, file.encoding, dicom::tags::SeriesInstanceUID));
    PreparedInstance prepared;
    dicom::JsonWriteOptions json;
    json.bulk_data_uri = dicom::bulk_data_uri_under(
        kServiceBase + instance_path(attributes.text(dicom::tags::StudyInstanceUID),
                                     attributes.text(dicom::tags::SeriesInstanceUID),
                                     attributes.text(dicom::tags::SOPInstanceUID)));
    TRY_VOID(dicom::write_json(prepared.metadata, file.data_set, file.encoding, json));
    if (auto pictures = PictureMaker(file, options, prepared).make(); !pictures) {
        prepared.no_picture_because = std::move(pictures).error().message;
    }
    return prepared;
}

}  // namespace larmor::preprocess
