#include "base/file.h"
#include "dicom/file.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dimse/data_set_source.h"

namespace larmor::dimse {
namespace {

class FileSource final : public DataSetSource {
public:
    Result<void> open(const std::filesystem::path& path) {
        TRY(mapping_, MappedFile::open(path));
        TRY(file_, dicom::open_file(mapping_.bytes()));
        TRY(const auto attributes, dicom::Attributes::read(file_.data_set, file_.encoding,
                                                           dicom::tags::SOPInstanceUID));
        sop_class_uid_ = attributes.text(dicom::tags::SOPClassUID);
        sop_instance_uid_ = attributes.text(dicom::tags::SOPInstanceUID);
        if (sop_class_uid_.empty() || sop_instance_uid_.empty()) {
            return fail(ErrorCode::InvalidInput,
                        "no SOP Class UID or no SOP Instance UID: not an instance");
        }
        syntaxes_ = {file_.transfer_syntax_uid};
        return {};
    }

    const std::string& sop_class_uid() const override { return sop_class_uid_; }
    const std::string& sop_instance_uid() const override { return sop_instance_uid_; }
    const std::vector<std::string>& transfer_syntaxes() const override { return syntaxes_; }
    bool can_be_plain() const override {
        return file_.transfer_syntax != nullptr && !file_.transfer_syntax->encapsulated;
    }
    Result<void> read_stored(const std::string&, const Take& take) override {
        return take(file_.bytes.subspan(file_.data_set_offset), Last::Yes);
    }
    Result<void> read_plain(const std::string& transfer_syntax, const Take& take) override {
        ByteBuffer data_set;
        const auto to = transfer_syntax == dicom::kExplicitLittleUid ? dicom::kExplicitLittle
                                                                     : dicom::kImplicitLittle;
        TRY_VOID(
            dicom::rewrite(file_.data_set, file_.encoding, to, dicom::Preserve::No, data_set));
        return take(data_set, Last::Yes);
    }

private:
    MappedFile mapping_;
    dicom::File file_;
    std::string sop_class_uid_;
    std::string sop_instance_uid_;
    std::vector<std::string> syntaxes_;
};

}  // namespace

Result<std::unique_ptr<DataSetSource>> open_file_source(const std::filesystem::path& path) {
    auto source = std::make_unique<FileSource>();
    TRY_VOID(source->open(path));
    return std::unique_ptr<DataSetSource>(std::move(source));
}

}  // namespace larmor::dimse
