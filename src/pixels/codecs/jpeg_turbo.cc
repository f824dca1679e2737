// 8-bit DCT JPEG (baseline, extended, progressive) by libjpeg-turbo's libjpeg interface:
// TurboJPEG's own guesses the colours, and here the data set has a say.
#include <csetjmp>
#include <cstdio>
#include <string>
// after cstdio
#include <jerror.h>
#include <jpeglib.h>

#include "pixels/codecs/codec.h"

namespace larmor::pixels::codecs {
namespace {

/// Progressive streams can ask for a pass over the whole frame in a few bytes, without end.
constexpr int kScansMax = 200;

struct ErrorManager {
    jpeg_error_mgr base;
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void on_error(j_common_ptr info) {
    auto* manager = reinterpret_cast<ErrorManager*>(info->err);
    (*info->err->format_message)(info, manager->message);
    std::longjmp(manager->jump, 1);
}

void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    // What libjpeg fills in with grey is no picture: data that ended too early. Extra bytes
    // between markers are harmless.
    const auto code = info->err->msg_code;
    if (code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF || code == JWRN_HUFF_BAD_CODE) {
        on_error(info);
    }
}
void on_output(j_common_ptr) {}

void on_progress(j_common_ptr info) {
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kScansMax) {
        info->err->msg_code = JERR_BAD_PROGRESSION;
        on_error(info);
    }
}

struct Job {
    jpeg_decompress_struct info;
    ErrorManager error;
    jpeg_progress_mgr progress;
};

/// Has no object with a destructor: longjmp comes back here.
bool run(Job& job, Bytes stream, std::byte* out, std::size_t row_bytes, int components,
         bool stream_is_ybr) {
    auto& info = job.info;
    info.err = jpeg_std_error(&job.error.base);
    job.error.base.error_exit = on_error;
    job.error.base.emit_message = on_message;
    job.error.base.output_message = on_output;
    if (setjmp(job.error.jump) != 0) {
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_create_decompress(&info);
    job.progress.progress_monitor = on_progress;
    info.progress = &job.progress;
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(stream.data()), stream.size());
    jpeg_read_header(&info, TRUE);
    if (components == 1) {
        info.jpeg_color_space = info.out_color_space = JCS_GRAYSCALE;
    } else {
        info.jpeg_color_space = stream_is_ybr ? JCS_YCbCr : JCS_RGB;
        info.out_color_space = JCS_RGB;
    }
    info.dct_method = JDCT_ISLOW;
    info.do_fancy_upsampling = TRUE;
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
        auto* row = reinterpret_cast<JSAMPROW>(out + info.output_scanline * row_bytes);
        jpeg_read_scanlines(&info, &row, 1);
    }
    // Not jpeg_finish_decompress: a missing end of image behind the last row is no loss.
    jpeg_destroy_decompress(&info);
    return true;
}

}  // namespace

Result<Decoded> decode_jpeg_8_bit(Bytes stream, const Expected& expected, bool stream_is_ybr) {
    if (expected.samples != 1 && expected.samples != 3) {
        return fail(ErrorCode::Unsupported, "JPEG: one or three components only");
    }
    // The samples, and two bytes each for the coefficients of a progressive stream.
    TRY_VOID(check_memory("JPEG", expected, 3));
    SampleBuffer out(expected.sample_count());
    const auto job = std::make_unique<Job>();
    if (!run(*job, stream, out.data(),
             static_cast<std::size_t>(expected.columns) * expected.samples, expected.samples,
             stream_is_ybr)) {
        return fail(ErrorCode::InvalidInput, std::string("JPEG: ") + job->error.message);
    }
    Decoded decoded;
    decoded.own(std::move(out));
    decoded.photometric = expected.samples == 3 ? Photometric::Rgb : expected.photometric;
    return decoded;
}

}  // namespace larmor::pixels::codecs
