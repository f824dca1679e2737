#pragma once
#include "api/dicomweb/retrieval.h"

namespace larmor::api {

inline constexpr std::string_view kZip = "application/zip";

/// What an instance in the zip may be, where a zip is what the client takes best: the choices
/// with their transfer syntaxes. Empty where it is not.
std::vector<MediaChoice> zip_choices(const std::vector<MediaChoice>& choices);

/// A study, series or instance as a zip of a File-set: a DICOMDIR, then a file each, stored
/// without compression, as they come. Memory: the DICOMDIR, the zip's directory and 8 MiB of
/// one file. What is read twice, for its checksum and for sending, is read from the same pages.
async::Task<Result<http::Response>> answer_zip(ContextPtr context, http::Request request,
                                               Retrieval wanted);

}  // namespace larmor::api
