// From the bytes of a CT file to its statistics and pictures, on one core, ours beside DCMTK's
// DicomImage. Ours and theirs take turns within each round; medians over the rounds. Processor
// time, so that other programs on the machine disturb less.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

// DCMTK wants its configuration first.
#include <dcmtk/config/osconfig.h>
// The rest of DCMTK.
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmimgle/dcmimage.h>

#include "base/file.h"
#include "pixels/decode.h"
#include "pixels/render.h"
#include "pixels/statistics.h"

namespace {

using namespace larmor;
using namespace larmor::pixels;

constexpr int kRounds = 201;
constexpr unsigned kThumbnailSide = 128;

double processor_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}
template <typename Work>
double time_of(Work&& work) {
    const double start = processor_ms();
    work();
    return processor_ms() - start;
}
double median(std::vector<double> values) {
    std::ranges::nth_element(values,
                             values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

struct Opened {
    dicom::File file;
    ImageDescription image;
    FrameIndex index;
};
Opened open(Bytes bytes) {
    auto file = dicom::open_file(bytes);
    LARMOR_CHECK(file.has_value());
    auto image = describe_image(*file);
    LARMOR_CHECK(image.has_value() && image->has_value());
    auto index = build_frame_index(*file, **image);
    LARMOR_CHECK(index.has_value());
    return {std::move(*file), std::move(**image), std::move(*index)};
}
Frame decode(const Opened& opened) {
    auto frame = decode_frame(opened.file, opened.image, opened.index.view(), 0);
    LARMOR_CHECK(frame.has_value());
    return std::move(*frame);
}
Picture draw(const Opened& opened, const Frame& frame, const Window& window, unsigned side) {
    RenderOptions options;
    options.default_window = window;
    options.rows_max = options.columns_max = side;
    auto picture = render_frame(opened.image, frame, 0, options);
    LARMOR_CHECK(picture.has_value());
    return std::move(*picture);
}

std::unique_ptr<DicomImage> open_dcmtk(const std::string& bytes) {
    DcmInputBufferStream stream;
    stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    stream.setEos();
    auto file = std::make_unique<DcmFileFormat>();
    file->transferInit();
    LARMOR_CHECK(file->read(stream).good());
    file->transferEnd();
    auto* data_set = file->getAndRemoveDataset();
    const auto syntax = data_set->getOriginalXfer();
    auto image = std::make_unique<DicomImage>(data_set, syntax, CIF_TakeOverExternalDataset);
    LARMOR_CHECK(image->getStatus() == EIS_Normal);
    if (image->setWindow(0) == 0) image->setMinMaxWindow();
    return image;
}

void print(const char* what, const std::vector<double>& ours,
           const std::vector<double>& theirs = {}) {
    std::printf("  %-42s %8.3f ms", what, median(ours));
    if (!theirs.empty()) {
        std::printf("  DCMTK %8.3f ms  %5.1fx", median(theirs), median(theirs) / median(ours));
    }
    std::printf("\n");
}

void run(const char* name, const std::string& bytes) {
    const auto opened = open(as_bytes(bytes));
    const auto frame = decode(opened);
    const auto window = statistics_of(opened.image, frame)->default_window;
    const auto whole = draw(opened, frame, window, 0);
    std::printf("%s, %u x %u\n", name, opened.image.rows, opened.image.columns);

    std::vector<double> index, decoding, statistics, windowing, jpeg, thumbnail, rendered,
        thumbnail_dcmtk, rendered_dcmtk;
    for (int round = 0; round < kRounds; ++round) {
        index.push_back(time_of([&] { open(as_bytes(bytes)); }));
        decoding.push_back(time_of([&] { decode(opened); }));
        statistics.push_back(time_of([&] { (void)statistics_of(opened.image, frame); }));
        windowing.push_back(time_of([&] { draw(opened, frame, window, kThumbnailSide); }));
        jpeg.push_back(time_of([&] { (void)encode_jpeg(whole); }));
        thumbnail.push_back(time_of([&] {
            const auto fresh = open(as_bytes(bytes));
            const auto pixels = decode(fresh);
            const auto found = statistics_of(fresh.image, pixels);
            const auto small = draw(fresh, pixels, found->default_window, kThumbnailSide);
            LARMOR_CHECK(encode_jpeg(small).has_value());
        }));
        rendered.push_back(time_of([&] {
            const auto fresh = open(as_bytes(bytes));
            draw(fresh, decode(fresh), window, 0);
        }));
        thumbnail_dcmtk.push_back(time_of([&] {
            const auto image = open_dcmtk(bytes);
            const std::unique_ptr<DicomImage> small(
                image->createScaledImage(kThumbnailSide, 0UL, 1, 1));
            LARMOR_CHECK(small->getOutputData(8) != nullptr);
        }));
        rendered_dcmtk.push_back(
            time_of([&] { LARMOR_CHECK(open_dcmtk(bytes)->getOutputData(8) != nullptr); }));
    }
    print("open, describe, index", index);
    print("decode", decoding);
    print("statistics", statistics);
    print("window and scale to 128", windowing);
    print("JPEG of the whole frame", jpeg);
    print("file to thumbnail (theirs without JPEG)", thumbnail, thumbnail_dcmtk);
    print("file to 8 bits of the whole frame", rendered, rendered_dcmtk);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> names(argv + 1, argv + argc);
    if (names.empty()) {
        const std::string shared = LARMOR_SOURCE_DIR "/../shared/data/dicom/syntax/";
        names = {shared + "wg04-ct2/CT2_UNC",
                 "/usr/lib/python3/dist-packages/pydicom/data/test_files/CT_small.dcm"};
    }
    for (const auto& name : names) {
        const auto bytes = read_file(name, 1ULL << 30);
        if (bytes) {
            run(name.substr(name.rfind('/') + 1).c_str(), *bytes);
        } else {
            std::printf("%s\n", bytes.error().message.c_str());
        }
    }
    return 0;
}
