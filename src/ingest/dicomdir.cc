#include "ingest/dicomdir.h"

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "dicom/file.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDicomdirMaxBytes = 256ULL << 20;
constexpr std::size_t kNameMaxBytes = 64;

bool is_plain_name(const std::string& name) {
    return !name.empty() && name.size() <= kNameMaxBytes && name != "." && name != ".." &&
           std::ranges::none_of(
               name, [](unsigned char c) { return c < 0x20 || c == '/' || c == '\\'; });
}

Result<fs::path> resolve_file_id(const fs::path& folder, const std::vector<std::string>& parts,
                                 std::size_t record) {
    fs::path as_named = folder;
    fs::path in_lower_case = folder;
    for (std::string part : parts) {
        if (!is_plain_name(part)) {
            return fail(ErrorCode::InvalidInput, "directory record " + std::to_string(record) +
                                                     ": bad Referenced File ID");
        }
        as_named /= part;
        std::ranges::transform(part, part.begin(),
                               [](unsigned char c) { return std::tolower(c); });
        in_lower_case /= part;
    }
    std::error_code error;
    return !fs::exists(as_named, error) && fs::exists(in_lower_case, error) ? in_lower_case
                                                                            : as_named;
}

}  // namespace

Result<std::vector<fs::path>> read_dicomdir(const fs::path& path) {
    TRY(const std::string content, read_file(path, kDicomdirMaxBytes));
    TRY(const dicom::File file, dicom::open_file(as_bytes(content)));
    TRY(const dicom::Attributes top,
        dicom::Attributes::read(file.data_set, file.encoding,
                                dicom::tags::DirectoryRecordSequence));
    if (top.find(dicom::tags::DirectoryRecordSequence) == nullptr) {
        return fail(ErrorCode::InvalidInput,
                    "no DICOMDIR: it has no Directory Record Sequence");
    }
    TRY(const std::vector<dicom::Attributes> records,
        top.items(dicom::tags::DirectoryRecordSequence));
    std::vector<fs::path> files;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::vector<std::string> parts = records[i].texts(dicom::tags::ReferencedFileID);
        if (parts.empty()) continue;  // a patient, a study, a series
        TRY(fs::path found, resolve_file_id(path.parent_path(), parts, i + 1));
        files.push_back(std::move(found));
    }
    return files;
}

}  // namespace larmor::ingest
