#include "api/dicomweb/edited_head.h"
#include "api/dicomweb/explicit_file.h"
#include "dicom/file.h"
#include "dicom/rewrite.h"
#include "dimse/data_set_source.h"
#include "objects/mapped_object.h"

namespace larmor::dimse {
namespace {

/// Of an Implicit VR data set, which is made in memory.
constexpr std::size_t kImplicitMaxBytes = std::size_t{256} << 20;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

using Last = DataSetSource::Last;
using Take = DataSetSource::Take;

/// Gives the bytes of a part, wherever they are.
Result<void> take_part(const http::Part& part, Last last, const Take& take) {
    if (const auto* shared = std::get_if<http::SharedBytes>(&part)) {
        return take(shared->bytes, last);
    }
    const auto* slice = std::get_if<http::FileSlice>(&part);
    LARMOR_CHECK(slice != nullptr);
    ByteBuffer piece;
    for (std::uint64_t done = 0; done < slice->count; done += piece.size()) {
        piece.resize(std::min<std::uint64_t>(kReadBytes, slice->count - done));
        TRY_VOID(read_at(*slice->file, slice->offset + done, piece));
        const bool ends = done + piece.size() == slice->count;
        TRY_VOID(take(piece, ends ? last : Last::No));
    }
    return {};
}

class StoredSource final : public DataSetSource {
public:
    StoredSource(const Services& services, catalog::StoredInstance instance,
                 edits::Changes changes, const std::vector<catalog::Alternate>& alternates)
        : services_(services), instance_(std::move(instance)), changes_(std::move(changes)) {
        add(instance_.file);
        for (const auto& alternate : alternates) add(alternate.file);
    }

    const std::string& sop_class_uid() const override {
        return instance_.attributes.sop_class_uid;
    }
    const std::string& sop_instance_uid() const override {
        return instance_.attributes.sop_instance_uid;
    }
    const std::vector<std::string>& transfer_syntaxes() const override { return syntaxes_; }
    bool can_be_plain() const override {
        return std::any_of(syntaxes_.begin(), syntaxes_.end(),
                           [](const auto& syntax) { return api::can_be_explicit(syntax); });
    }

    Result<void> read_stored(const std::string& transfer_syntax, const Take& take) override {
        const auto at = std::find(syntaxes_.begin(), syntaxes_.end(), transfer_syntax);
        const auto& stored = files_[static_cast<std::size_t>(at - syntaxes_.begin())];
        if (!changes_.empty()) {
            if (!api::can_be_edited_as_stored(transfer_syntax)) {
                return fail(ErrorCode::Unsupported,
                            "the instance was edited: it is sent in Little Endian, not "
                            "deflated");
            }
            return read_made(stored, api::InstanceForm::Edited, take);
        }
        TRY(const auto location, services_.store.locate(stored.object));
        TRY(const auto object, objects::map(services_.store, location));
        TRY(const auto file, dicom::open_file(object.bytes()));
        return take(object.bytes().subspan(file.data_set_offset), Last::Yes);
    }

    Result<void> read_plain(const std::string& transfer_syntax, const Take& take) override {
        if (transfer_syntax == dicom::kExplicitLittleUid) return read_explicit(take);
        ByteBuffer data_set;
        TRY_VOID(read_explicit([&](Bytes piece, Last) -> Result<void> {
            if (piece.size() > kImplicitMaxBytes - data_set.size()) {
                return fail(ErrorCode::LimitExceeded,
                            "too large to be written in Implicit VR: the peer must take"
                            " Explicit VR Little Endian");
            }
            data_set.insert(data_set.end(), piece.begin(), piece.end());
            return {};
        }));
        ByteBuffer implicit;
        TRY_VOID(dicom::rewrite(data_set, dicom::kExplicitLittle, dicom::kImplicitLittle,
                                dicom::Preserve::No, implicit));
        return take(implicit, Last::Yes);
    }

private:
    void add(const catalog::StoredFile& file) {
        files_.push_back(file);
        syntaxes_.push_back(file.transfer_syntax_uid);
    }

    Result<void> read_explicit(const Take& take) {
        catalog::StoredFile stored = instance_.file;
        for (std::size_t i = files_.size(); i-- > 0;) {
            if (api::can_be_explicit(syntaxes_[i])) stored = files_[i];
        }
        return read_made(stored, api::InstanceForm::ExplicitLittle, take);
    }

    Result<void> read_made(const catalog::StoredFile& stored, api::InstanceForm form,
                           const Take& take) {
        auto located = std::make_shared<api::LocatedInstance>();
        located->instance = instance_;
        located->instance.file = stored;
        located->changes = changes_;
        TRY(located->file, services_.store.locate(located->instance.file.object));
        TRY(auto open, api::OpenInstance::open(services_.store, located));
        TRY(const auto file, api::ExplicitFile::open(services_.store, std::move(open), form));
        // The first part begins with preamble and meta group, which belong to a file.
        TRY(auto part, file->next());
        LARMOR_CHECK(part.has_value());
        auto& head = std::get<http::SharedBytes>(*part);
        TRY(const auto opened, dicom::open_file(head.bytes));
        head.bytes = head.bytes.subspan(opened.data_set_offset);
        while (part) {
            TRY(auto following, file->next());
            TRY_VOID(take_part(*part, following ? Last::No : Last::Yes, take));
            part = std::move(following);
        }
        return {};
    }

    const Services& services_;
    catalog::StoredInstance instance_;
    edits::Changes changes_;  ///< what was edited in it
    std::vector<catalog::StoredFile> files_;
    std::vector<std::string> syntaxes_;  ///< of the file at the same place
};

}  // namespace

Result<std::unique_ptr<DataSetSource>> open_stored(const Services& services,
                                                   catalog::InstanceRow instance) {
    return services.database.read(
        [&](db::Snapshot& snapshot) -> Result<std::unique_ptr<DataSetSource>> {
            TRY(auto stored, services.catalog.find_instance(snapshot, instance));
            TRY(const auto alternates, services.catalog.alternates(snapshot, instance));
            edits::Changes changes;
            if (stored.edited_version != 0) {
                TRY(const auto all,
                    services.catalog.find_edits(snapshot, stored.image_set,
                                                stored.edited_version, stored.row, stored.row));
                changes = all.of(stored.row);
            }
            return std::make_unique<StoredSource>(services, std::move(stored),
                                                  std::move(changes), alternates);
        });
}

}  // namespace larmor::dimse
