#include "healthimaging/metadata_document.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/ids.h"
#include "base/json_text.h"
#include "dicom/tags.h"
#include "healthimaging/frame_id.h"

namespace larmor::healthimaging {
namespace {

void append_key(std::string& out, std::string_view key) {
    if (out.back() != '{') out += ',';
    append_json_string(out, key);
    out += ':';
}

void append_members(std::string& out, const Attributes& attributes) {
    for (const auto& [tag, attribute] : attributes) {
        if (out.back() != '{') out += ',';
        out += attribute.member;
    }
}

void append_vrs(std::string& out, const Attributes& attributes) {
    for (const auto& [tag, attribute] : attributes) {
        if (attribute.vr_member.empty()) continue;
        if (out.back() != '{') out += ',';
        out += attribute.vr_member;
    }
}

/// Those that the whole image set does not have like this.
void keep_others(Attributes& of_instance, Attributes& own, const Attributes& shared) {
    for (auto& [tag, attribute] : own) {
        const auto found = shared.find(tag);
        if (found != shared.end() && found->second == attribute) continue;
        of_instance.insert_or_assign(tag, attribute);
    }
}

void append_number(std::string& out, double value) {
    std::array<char, 32> digits{};
    const auto written =
        std::trunc(value) == value && std::abs(value) < 1e15
            ? std::to_chars(digits.begin(), digits.end(), static_cast<std::int64_t>(value))
            : std::to_chars(digits.begin(), digits.end(), value);
    out.append(digits.data(), written.ptr);
}

/// What the version says; the row, which is as the latest version has it, where that is none.
std::string uid_in(const Attributes& attributes, dicom::Tag tag, const std::string& of_row) {
    const auto found = attributes.find(tag);
    if (found == attributes.end()) return of_row;
    const std::string_view member = found->second.member;  // "SOPInstanceUID":"1.2.3"
    const auto begin = member.find(":\"");
    if (begin == member.npos) return of_row;
    const auto uid = member.substr(begin + 2, member.size() - begin - 3);
    return is_uid_key_part(uid) ? std::string(uid) : of_row;
}

/// Whether the frame was there to be read.
bool is_known(const preprocess::ImageFrame& frame) {
    return frame.size_bytes > 0;
}

void append_facts(std::string& out, const preprocess::ImageFrame& frame,
                  const preprocess::ImageFrames& of) {
    append_key(out, "PixelDataChecksumFromBaseToFullResolution");
    out += R"([{"Width":)" + std::to_string(of.columns) + R"(,"Height":)" +
           std::to_string(of.rows) + R"(,"Checksum":)" + std::to_string(frame.checksum) + "}]";
    // NaN is no JSON.
    if (frame.values && std::isfinite(frame.values->min) && std::isfinite(frame.values->max)) {
        append_key(out, "MinPixelValue");
        append_number(out, frame.values->min);
        append_key(out, "MaxPixelValue");
        append_number(out, frame.values->max);
    }
    append_key(out, "FrameSizeInBytes");
    out += std::to_string(frame.size_bytes);
}

}  // namespace

Result<void> MetadataDocument::add(const catalog::StoredInstance& instance, std::string& json,
                                   const preprocess::ImageFrames& frames, std::string& out) {
    TRY(LeveledAttributes attributes, read_leveled(json));
    if (!begun_) {
        begin(attributes,
              uid_in(attributes.series, dicom::tags::SeriesInstanceUID,
                     instance.series_instance_uid),
              out);
    }
    keep_others(attributes.instance, attributes.patient, patient_);
    keep_others(attributes.instance, attributes.study, study_);
    keep_others(attributes.instance, attributes.series, series_);

    if (std::exchange(some_, true)) out += ',';
    append_json_string(out, uid_in(attributes.instance, dicom::tags::SOPInstanceUID,
                                   instance.attributes.sop_instance_uid));
    out += R"(:{"DICOM":{)";
    out += frames.file_meta;
    append_members(out, attributes.instance);
    out += R"(},"DICOMVRs":{)";
    append_vrs(out, patient_);
    append_vrs(out, study_);
    append_vrs(out, series_);
    append_vrs(out, attributes.instance);
    out += '}';
    append_frames(instance, frames, out);
    out += '}';
    return {};
}

void MetadataDocument::begin(const LeveledAttributes& first, std::string_view series_uid,
                             std::string& out) {
    begun_ = true;
    patient_ = first.patient;
    study_ = first.study;
    series_ = first.series;
    out += R"({"SchemaVersion":"1.1")";
    append_key(out, "DatastoreID");
    append_json_string(out, datastore_id_);
    append_key(out, "ImageSetID");
    append_json_string(out, image_set_id_);
    out += R"(,"Patient":{"DICOM":{)";
    append_members(out, patient_);
    out += R"(}},"Study":{"DICOM":{)";
    append_members(out, study_);
    out += R"(},"Series":{)";
    append_key(out, series_uid);
    out += R"({"DICOM":{)";
    append_members(out, series_);
    out += R"(},"Instances":{)";
}

void MetadataDocument::append_frames(const catalog::StoredInstance& instance,
                                     const preprocess::ImageFrames& frames,
                                     std::string& out) const {
    append_key(out, "StoredTransferSyntaxUID");
    append_json_string(
        out, preprocess::transfer_syntax_of(frames.form, instance.file.transfer_syntax_uid));
    append_key(out, "ChecksumType");
    const bool is_of_samples = frames.form == preprocess::ImageFrames::Form::Htj2k;
    out += is_of_samples ? R"("DECOMPRESSED")" : R"("COMPRESSED")";
    out += R"(,"ImageFrames":[)";
    for (std::uint32_t number = 0; number < frames.frames.size(); ++number) {
        if (number > 0) out += ',';
        out += '{';
        append_key(out, "ID");
        append_json_string(out, to_frame_id({instance.file.object, number}, datastore_id_));
        if (is_known(frames.frames[number])) append_facts(out, frames.frames[number], frames);
        out += '}';
    }
    out += ']';
}

void MetadataDocument::end(std::string& out) {
    LARMOR_CHECK(begun_);
    out += "}}}}}";
}

}  // namespace larmor::healthimaging
