#pragma once
#include <cstdint>

#include "api/dicomweb/picture.h"
#include "dicom/file.h"

namespace larmor::api {

/// How long a frame of a multi-frame image is shown, in milliseconds: by Recommended Display
/// Frame Rate, else Frame Time, else Cine Rate, else 100. Of what is no positive number nothing
/// is believed. Errors: those of dicom::Reader. Source: PS3.3 section C.7.6.5.1.
Result<double> frame_time_ms(const dicom::File& file);

/// From when to when frame `frame` is shown, in hundredths of a second: rounded so that the
/// frames together take as long as they should. At least 2: browsers take less for 10.
std::uint32_t delay_cs(double frame_time_ms, std::uint32_t frame);

/// All frames of an instance as one animated GIF, each drawn when it is asked for, so that
/// memory is bounded by one. The first is drawn before the answer, whose error it may be.
async::Task<Result<http::Response>> answer_animation(ContextPtr context, http::Request request,
                                                     LocatedInstancePtr located,
                                                     RenderQuery query);

}  // namespace larmor::api
