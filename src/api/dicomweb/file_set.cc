#include "api/dicomweb/file_set.h"

#include <algorithm>

#include "api/dicomweb/edited_head.h"
#include "archive/zip_writer.h"
#include "base/ids.h"
#include "dicom/directory.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "edits/uids.h"
#include "objects/mapped_object.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;
namespace vr = dicom::vr;

/// The text keys of a record, in the order of their tags, in UTF-8.
class Keys {
public:
    Keys& text(dicom::Tag tag, dicom::Vr vr, std::string_view value) {
        rows_.push_back({tag, vr, std::string(value)});
        return *this;
    }
    ByteBuffer bytes() const {
        dicom::Writer writer;
        const bool is_ascii = std::ranges::all_of(rows_, [](const Row& row) {
            return std::ranges::none_of(row.value, [](char c) { return (c & 0x80) != 0; });
        });
        if (!is_ascii) writer.text(tags::SpecificCharacterSet, vr::CS, "ISO_IR 192");
        for (const Row& row : rows_) writer.text(row.tag, row.vr, row.value);
        return writer.take();
    }

private:
    struct Row {
        dicom::Tag tag;
        dicom::Vr vr;
        std::string value;
    };
    std::vector<Row> rows_;
};

std::string number_text(std::optional<std::int64_t> number) {
    return number ? std::to_string(*number) : std::string();
}

Result<void> add_parents(dicom::DirectoryWriter& directory, const catalog::StoredStudy& of) {
    const auto patient = Keys()
                             .text(tags::PatientName, vr::PN, of.patient.patient_name)
                             .text(tags::PatientID, vr::LO, of.patient.patient_id)
                             .bytes();
    TRY_VOID(directory.add(0, {.type = "PATIENT", .keys = patient}));
    const auto study = Keys()
                           .text(tags::StudyDate, vr::DA, of.study.study_date)
                           .text(tags::StudyTime, vr::TM, of.study.study_time)
                           .text(tags::AccessionNumber, vr::SH, of.study.accession_number)
                           .text(tags::StudyDescription, vr::LO, of.study.study_description)
                           .text(tags::StudyInstanceUID, vr::UI, of.study.study_instance_uid)
                           .text(tags::StudyID, vr::SH, of.study.study_id)
                           .bytes();
    return directory.add(1, {.type = "STUDY", .keys = study});
}

Result<void> add_series(dicom::DirectoryWriter& directory,
                        const std::vector<catalog::StoredSeries>& all, catalog::SeriesRow row) {
    const auto found = std::ranges::find(all, row, &catalog::StoredSeries::row);
    if (found == all.end()) {
        return fail(ErrorCode::Corrupt, "an instance is of a series that its study lacks");
    }
    const auto& series = found->series;
    const auto keys = Keys()
                          .text(tags::Modality, vr::CS, series.modality)
                          .text(tags::SeriesDescription, vr::LO, series.series_description)
                          .text(tags::SeriesInstanceUID, vr::UI, series.series_instance_uid)
                          .text(tags::SeriesNumber, vr::IS, number_text(series.series_number))
                          .bytes();
    return directory.add(2, {.type = "SERIES", .keys = keys});
}

Result<ByteBuffer> keys_of(const Context& context, const LocatedInstance& located,
                           std::string_view type) {
    if (type == "IMAGE") {
        // What nearly all are: the catalog has it, no file is looked into.
        return Keys()
            .text(tags::InstanceNumber, vr::IS,
                  number_text(located.instance.attributes.instance_number))
            .bytes();
    }
    TRY(const objects::MappedObject object, objects::map(context.services.store, located.file));
    TRY(dicom::File file, dicom::open_file(object.bytes()));
    ByteBuffer edited;
    if (!located.changes.empty()) {
        TRY(edited, edited_head(file, dicom::kExplicitLittle, located.changes));
        file.data_set = edited;
        file.encoding = dicom::kExplicitLittle;
    }
    return dicom::directory_record_keys(file, type);
}

/// As its file has it: in another version than the latest (0) it may have another one than its
/// row.
Result<std::string> uid_in_file(const Context& context, const LocatedInstance& located,
                                std::int64_t version) {
    const auto& instance = located.instance;
    const std::string& uid = instance.attributes.sop_instance_uid;
    if (version == 0 || instance.edited_version == 0) return uid;
    if (auto edited = edits::last_uid(located.changes, tags::SOPInstanceUID)) {
        return *std::move(edited);
    }
    TRY(const objects::MappedObject object, objects::map(context.services.store, located.file));
    TRY(const dicom::File file, dicom::open_file(object.bytes()));
    TRY(const auto said, dicom::find(file.data_set, file.encoding, tags::SOPInstanceUID));
    return said ? std::string(dicom::trimmed(said->value, vr::UI)) : uid;
}

Result<void> add_instance(dicom::DirectoryWriter& directory, const Context& context,
                          const ChosenInstance& chosen, std::int64_t version,
                          std::string_view file_id) {
    const auto& attributes = chosen.located->instance.attributes;
    const auto type = dicom::directory_record_type(attributes.sop_class_uid);
    TRY(const ByteBuffer keys, keys_of(context, *chosen.located, type));
    TRY(const std::string uid, uid_in_file(context, *chosen.located, version));
    return directory.add(3, {.type = type,
                             .referenced_file_id = file_id,
                             .sop_class_uid = attributes.sop_class_uid,
                             .sop_instance_uid = uid,
                             .transfer_syntax_uid = chosen.transfer_syntax(),
                             .keys = keys});
}

}  // namespace

Result<MemberLister> MemberLister::open(const Context& context, const ResourcePath& path) {
    ResourcePath above = path;
    above.instance.clear();
    TRY(auto lister, InstanceLister::open(context, above));
    MemberLister members(std::move(lister));
    members.version_ = members.lister_.version();
    if (!path.instance.empty()) {
        TRY(members.one_, locate_now(context, path));
        members.is_one_ = true;
        members.version_ = edited_tag(*members.one_);
    }
    return members;
}

Result<std::vector<LocatedInstancePtr>> MemberLister::next() {
    if (!is_one_) return lister_.next();
    std::vector<LocatedInstancePtr> page;
    if (one_) page.push_back(std::exchange(one_, nullptr));
    return page;
}

Result<ChosenInstance> choose_file(const Context& context, LocatedInstancePtr primary,
                                   const std::vector<MediaChoice>& choices) {
    TRY(auto chosen, choose_instance(context, std::move(primary), choices));
    if (chosen.form == InstanceForm::AsStored) {
        TRY(const bool is_file, is_file_format(context.services.store, chosen.located->file));
        if (!is_file) chosen.form = InstanceForm::ExplicitLittle;
    }
    return chosen;
}

Result<FileSet> FileSet::plan(const Context& context, const Retrieval& wanted) {
    TRY(auto members, MemberLister::open(context, wanted.path));
    TRY(const auto study, context.services.database.read([&](db::Snapshot& snapshot) {
        return context.services.catalog.find_study(snapshot, wanted.path.study);
    }));
    FileSet set;
    set.version = members.version();
    dicom::DirectoryWriter directory(random_uid());
    TRY_VOID(add_parents(directory, study));
    Error reason{ErrorCode::NotFound, "there is no instance"};
    catalog::SeriesRow series{};
    std::uint32_t series_count = 0;
    for (;;) {
        TRY(const auto page, members.next());
        if (page.empty()) break;
        for (const auto& located : page) {
            const auto chosen = choose_file(context, located, wanted.choices);
            if (!chosen && chosen.error().code != ErrorCode::Unsupported) {
                return tl::unexpected(chosen.error());
            }
            if (!chosen) {
                ++set.left_out;
                reason = chosen.error();
                continue;
            }
            if (set.files.size() == kFilesMax) {
                return fail(ErrorCode::LimitExceeded,
                            "a zip has at most " + std::to_string(kFilesMax) +
                                " instances: ask for one series after the other");
            }
            if (located->instance.series != series) {
                series = located->instance.series;
                ++series_count;
                TRY_VOID(add_series(directory, members.series(), series));
            }
            set.files.push_back({.row = located->instance.row,
                                 .series = series_count,
                                 .form = chosen->form,
                                 .size_bytes = chosen->located->file.size_bytes});
            TRY_VOID(add_instance(directory, context, *chosen, wanted.path.image_set_version,
                                  file_path(series_count, set.files.size(), '\\')));
        }
    }
    if (set.files.empty()) return tl::unexpected(std::move(reason));
    set.directory = directory.finish();
    return set;
}

std::optional<std::uint64_t> FileSet::zip_bytes() const {
    archive::ZipLength length;
    length.add(kDirectoryName.size(), directory.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (files[i].form != InstanceForm::AsStored) return std::nullopt;
        length.add(file_path(files[i].series, i + 1, '/').size(), files[i].size_bytes);
    }
    return length.total();
}

std::string file_path(std::uint32_t series, std::size_t number, char separator) {
    const auto component = [](char letter, std::size_t value) {
        const std::string digits = std::to_string(value);
        return letter + std::string(7 - std::min<std::size_t>(7, digits.size()), '0') + digits;
    };
    std::string path = "DICOM";
    path += separator;
    path += component('S', series);
    path += separator;
    path += component('I', number);
    return path;
}

}  // namespace larmor::api
