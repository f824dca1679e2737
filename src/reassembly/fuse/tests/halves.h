#pragma once
// Small halves for the tests of fusing.
#include <string>
#include <string_view>
#include <vector>

#include "dicom/file.h"
#include "dicom/reader.h"
#include "dicom/values.h"
#include "reassembly/fuse/fuse.h"

namespace larmor::reassembly::fuse::test {

inline constexpr std::string_view kUid = "1.2.3.4";

/// The members of an object of the DICOM JSON model: an image of `rows` x `columns` pixels.
struct JsonImage {
    int rows = 2;
    int columns = 2;
    int samples = 1;
    int bits = 8;
    std::string photometric = "MONOCHROME2";
    std::string frames = {};                                             ///< none
    std::string syntax = {};                                             ///< (0002,0010), none
    std::string pixels = R"("7FE00010":{"vr":"OW","BulkDataURI":"b"})";  ///< "": none
    std::string more = {};  ///< further members, each with a comma at its end
};
inline std::string to_json(const JsonImage& image) {
    const auto us = [](const char* tag, int value) {
        return std::string("\"") + tag + R"(":{"vr":"US","Value":[)" + std::to_string(value) +
               "]},";
    };
    std::string json = "{";
    if (!image.syntax.empty()) {
        json += R"("00020010":{"vr":"UI","Value":[")" + image.syntax + "\"]},";
    }
    json += R"("00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]},)"
            R"("00080018":{"vr":"UI","Value":["1.2.3.4"]},)";
    json += image.more + us("00280002", image.samples);
    json += R"("00280004":{"vr":"CS","Value":[")" + image.photometric + "\"]},";
    if (!image.frames.empty()) {
        json += R"("00280008":{"vr":"IS","Value":[)" + image.frames + "]},";
    }
    json += us("00280010", image.rows) + us("00280011", image.columns) +
            us("00280100", image.bits) + us("00280101", image.bits) +
            us("00280102", image.bits - 1) + us("00280103", 0);
    json += image.pixels.empty() ? R"("00321000":{"vr":"DA"})" : image.pixels;
    return json + "}";
}

struct Part {
    std::string path;
    ByteBuffer bytes;
};
inline ByteBuffer buffer(std::string_view text) {
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

/// Both halves fused, and the file where it was written.
struct Made {
    Fused fused;
    ByteBuffer bytes;
};
inline Made make(std::string_view json, const std::vector<Part>& parts,
                 const FuseOptions& options = {}) {
    const auto metadata = read_metadata(as_bytes(json));
    if (!metadata) {
        return {{outcome_of(metadata.error()), metadata.error().message, {}}, {}};
    }
    const MemberNames names;
    std::vector<ImageMember> members;
    std::vector<Bytes> bytes;
    for (const auto& part : parts) {
        members.push_back({names.read(part.path).value(), part.bytes.size(), part.bytes});
        bytes.emplace_back(part.bytes);
    }
    Made made{fuse(*metadata, members, options), {}};
    made.bytes = to_bytes(made.fused.file, bytes);
    return made;
}
inline Made make(const JsonImage& image, const std::vector<Part>& parts,
                 const FuseOptions& options = {}) {
    return make(to_json(image), parts, options);
}

/// The data set of what was made, in hexadecimal from its first element of group 7FE0 on.
inline dicom::DataElement pixels_of(const Made& made, dicom::Tag tag = {0x7fe0, 0x0010}) {
    const auto file = dicom::open_file(made.bytes);
    const auto found = dicom::find(file->data_set, file->encoding, tag);
    return found && *found ? **found : dicom::DataElement{};
}

}  // namespace larmor::reassembly::fuse::test
