#include "dimse/retrieve_list.h"

#include "dicom/tags.h"
#include "dicom/writer.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

constexpr std::size_t kPage = 500;
/// Of a value in Explicit VR (PS3.5 section 7.1.2).
constexpr std::size_t kUidsMaxBytes = 65'534;

}  // namespace

Result<RetrieveList> list_instances(const Services& services, const Identifier& identifier) {
    RetrieveList list;
    catalog::SearchQuery query;
    query.conditions = identifier.conditions;
    query.limit = kPage;
    while (true) {
        TRY(const auto page, services.database.read([&](db::Snapshot& snapshot) {
            return services.catalog.search_instances(snapshot, query);
        }));
        for (const auto& hit : page.items) {
            const auto& attributes = hit.instance.attributes;
            list.push_back({hit.instance.row, hit.instance.study_instance_uid,
                            attributes.sop_class_uid, attributes.sop_instance_uid,
                            hit.instance.file.transfer_syntax_uid});
        }
        if (list.size() > kRetrieveMax) {
            return fail(ErrorCode::LimitExceeded, "more than " + std::to_string(kRetrieveMax) +
                                                      " instances: ask in parts");
        }
        if (!page.more) return list;
        query.offset += page.items.size();
    }
}

void RetrieveTally::count(const std::string& sop_instance_uid, std::uint16_t store_status) {
    --remaining;
    if (store_status == status::kSuccess) {
        ++completed;
    } else if (status::is_warning(store_status)) {
        ++warning;
    } else {
        ++failed;
        failed_uids.push_back(sop_instance_uid);
    }
}

void RetrieveTally::fail_rest(const RetrieveList& list, std::size_t from) {
    for (; from < list.size(); ++from) {
        count(list[from].sop_instance_uid, status::kProcessingFailure);
    }
}

std::uint16_t RetrieveTally::status() const {
    if (failed == 0 && warning == 0) return status::kSuccess;
    return completed == 0 && warning == 0 ? status::kCannotPerformSubOperations
                                          : status::kWarning;
}

ByteBuffer encode_failed(const RetrieveTally& tally, dicom::Encoding encoding) {
    std::string uids;
    for (const auto& uid : tally.failed_uids) {
        if (uids.size() + uid.size() + 1 > kUidsMaxBytes) break;
        uids.append(uids.empty() ? "" : "\\").append(uid);
    }
    dicom::Writer writer(encoding);
    writer.text(dicom::tags::FailedSOPInstanceUIDList, dicom::vr::UI, uids);
    return writer.take();
}

}  // namespace larmor::dimse
