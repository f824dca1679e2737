#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/search_criteria.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/service_request.h"
#include "catalog/catalog.h"

namespace larmor::api {
namespace {

using catalog::ImageSetHit;
using catalog::ImageSetQuery;
using http::Request;
using http::Response;
using http::Task;

constexpr std::uint64_t kCriteriaMaxBytes = 16 * 1024;

void add_tags(ServiceObject& tags, const ImageSetHit& hit) {
    tags.text_if_any("DICOMPatientId", hit.patient.patient_id)
        .text_if_any("DICOMPatientName", hit.patient.patient_name)
        .text_if_any("DICOMPatientBirthDate", hit.patient.patient_birth_date)
        .text_if_any("DICOMPatientSex", hit.patient.patient_sex)
        .text_if_any("DICOMStudyInstanceUID", hit.study.study_instance_uid)
        .text_if_any("DICOMStudyId", hit.study.study_id)
        .text_if_any("DICOMStudyDescription", hit.study.study_description)
        .number("DICOMNumberOfStudyRelatedSeries", hit.number_of_study_related_series)
        .number("DICOMNumberOfStudyRelatedInstances", hit.number_of_study_related_instances)
        .text_if_any("DICOMAccessionNumber", hit.study.accession_number)
        .text_if_any("DICOMSeriesInstanceUID", hit.series.series_instance_uid)
        .text_if_any("DICOMSeriesModality", hit.series.modality)
        .text_if_any("DICOMSeriesBodyPart", hit.series.body_part_examined)
        .text_if_any("DICOMStudyDate", hit.study.study_date)
        .text_if_any("DICOMStudyTime", hit.study.study_time);
    if (hit.series.series_number) tags.number("DICOMSeriesNumber", *hit.series.series_number);
}

/// In the memory of `used`.
std::string summary_json(const ImageSetHit& hit, std::string&& used) {
    ServiceObject summary(std::move(used));
    summary.text("imageSetId", hit.image_set.id)
        .number("version", hit.image_set.latest_version)
        .time("createdAt", hit.image_set.created)
        .time("updatedAt", hit.image_set.updated)
        .text("storageTier", "FREQUENT_ACCESS")
        .flag("isPrimary", hit.image_set.is_primary)
        .open("DICOMTags");
    add_tags(summary, hit);
    return summary.close().take();
}

/// The answer, written while its rows are read.
Result<std::string> found_json(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                               const ImageSetQuery& query, std::string_view criteria) {
    ServiceList summaries;
    std::string summary;
    ImageSetQuery::Position last;
    TRY(const bool more,
        catalog.search_image_sets(snapshot, query, [&](const ImageSetHit& hit) {
            summary = summary_json(hit, std::move(summary));
            summaries.add(summary);
            last = hit.position(query.order);
        }));
    const auto sort = ServiceObject()
                          .text("sortField", service_name_of(query.order))
                          .text("sortOrder", service_name_of(query.direction))
                          .take();
    ServiceObject object;
    object.json("imageSetsMetadataSummaries", summaries.take()).json("sort", sort);
    if (more) object.text("nextToken", to_page_token(last, criteria));
    return object.take();
}

Result<ImageSetQuery> read_search(const Request& request, std::string_view criteria) {
    TRY(auto query, parse_search_criteria(criteria));
    TRY(const auto parameters, http::parse_query(request.query));
    TRY(const auto page, page_in(parameters));
    query.limit = page.limit;
    if (page.token) {
        TRY(query.after, parse_page_token(*page.token, criteria));
    }
    return query;
}

Task<Response> search_image_sets(ContextPtr context, Request request) {
    if (const auto is_ours = check_datastore(*context, request); !is_ours) {
        co_return service_error(request, is_ours.error());
    }
    const auto criteria = co_await service_body(request);
    if (!criteria) {
        co_return service_error(request, criteria.error());
    }
    const auto query = read_search(request, *criteria);
    if (!query) {
        co_return service_error(request, query.error());
    }
    auto found = co_await context->read([&](db::Snapshot& snapshot) {
        return found_json(context->services.catalog, snapshot, *query, *criteria);
    });
    if (!found) {
        co_return service_error(request, found.error());
    }
    Response response = service_answer(*std::move(found));
    AuditNote note;
    note.subjects.emplace_back().query = criteria_for_record(*query);
    response.context = std::move(note);
    co_return response;
}

}  // namespace

void add_service_search_route(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = "/healthimaging/datastore/{datastore}/searchImageSets",
                .name = "healthimaging.search_image_sets",
                .right = right(auth::Right::Search, audit::Action::Query),
                .handler = handler(context, search_image_sets),
                .body_max = kCriteriaMaxBytes});
}

}  // namespace larmor::api
