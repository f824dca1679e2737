#include <memory>
#include <vector>

#include "api/access.h"
#include "api/dicomweb/routes.h"
#include "api/dicomweb/store_metadata.h"
#include "api/dicomweb/store_outcome.h"
#include "api/import_body.h"
#include "api/media_choice.h"
#include "api/problem.h"
#include "async/sync_wait.h"
#include "base/ids.h"
#include "dicom/native_xml.h"
#include "http/media_type.h"
#include "http/multipart.h"
#include "observe/metrics.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

constexpr std::string_view kInstanceMediaType = "application/dicom";

enum class BodyForm : std::uint8_t { Multipart, Single, Metadata, XmlMetadata };

/// Errors: Unsupported for anything but application/dicom, alone or in multipart/related, and
/// metadata with bulk data.
Result<BodyForm> body_form(const Request& request) {
    TRY(const http::MediaType type,
        http::parse_media_type(request.headers.get("Content-Type")));
    const std::string essence = type.essence();
    if (essence == kInstanceMediaType) {
        return BodyForm::Single;
    }
    if (essence != "multipart/related") {
        return fail(
            ErrorCode::Unsupported,
            "instances are taken as multipart/related; type=\"application/dicom\" or as "
            "one application/dicom, not as " +
                essence);
    }
    const auto part_type = type.parameter("type");
    if (part_type && http::equal_ignoring_case(*part_type, kMetadataMediaType)) {
        return BodyForm::Metadata;
    }
    if (part_type && http::equal_ignoring_case(*part_type, kXmlMetadataMediaType)) {
        return BodyForm::XmlMetadata;
    }
    if (part_type && !http::equal_ignoring_case(*part_type, kInstanceMediaType)) {
        return fail(ErrorCode::Unsupported,
                    "the parts must be application/dicom, or metadata in "
                    "application/dicom+json or application/dicom+xml with its bulk data");
    }
    return BodyForm::Multipart;
}

/// Errors: Unsupported for a part that says to be something else. A part without a type is
/// taken for what the whole says.
Result<void> check_part(const http::Headers& headers) {
    const auto value = headers.find("Content-Type");
    if (!value) {
        return {};
    }
    const auto type = http::parse_media_type(*value);
    if (!type || type->essence() != kInstanceMediaType) {
        return fail(ErrorCode::Unsupported, "a part is not application/dicom");
    }
    return {};
}

/// Sizes of requests, so that one instance a request shows beside fifty.
observe::Histogram& instances_per_request() {
    static auto& histogram = observe::metrics().histogram("larmor_store_request_instances",
                                                          "Instances in one STOW-RS request",
                                                          observe::kBatchBuckets);
    return histogram;
}

/// All parts of a body in memory, read in place.
Task<Result<void>> store_in_memory(ContextPtr context, const Request& request,
                                   ingest::ImportOptions options, StoreOutcome& outcome) {
    CO_TRY(const std::string boundary, http::boundary_of(request.headers.get("Content-Type")));
    CO_TRY(const auto parts, http::parse_multipart(as_bytes(request.body), boundary));
    auto& importer = context->services.importer;
    std::vector<Task<ingest::ImportResult>> batch;
    const auto finish = [&]() -> Task<std::vector<ingest::ImportResult>> {
        return async::when_all(std::exchange(batch, {}));
    };
    for (const http::MultipartPart& part : parts) {
        if (const auto is_dicom = check_part(part.headers); !is_dicom) {
            outcome.response.failed({}, FailureReason::CannotUnderstand, is_dicom.error());
            continue;
        }
        if (parts.size() == 1) {  // the usual case, without a batch around it
            outcome.add(co_await importer.import_bytes(part.data, options), options);
            co_return Result<void>{};
        }
        batch.push_back(importer.import_bytes(part.data, options));
        if (batch.size() == ImportBatch::kInstancesMax) {
            for (const auto& result : co_await finish()) {
                outcome.add(result, options);
            }
        }
    }
    for (const auto& result : co_await finish()) {
        outcome.add(result, options);
    }
    co_return Result<void>{};
}

/// The parts of a body of any size, as they come. Small ones wait for each other, so that many
/// become durable with one sync.
class StreamedStore {
public:
    StreamedStore(ContextPtr context, ingest::ImportOptions options, StoreOutcome& outcome)
        : context_(std::move(context)),
          options_(std::move(options)),
          outcome_(outcome),
          batch_(outcome, options_) {}

    Task<Result<void>> run(http::MultipartReader& reader) {
        for (;;) {
            CO_TRY(const auto head, co_await reader.next_part());
            if (!head) {
                break;
            }
            if (const auto is_dicom = check_part(*head); !is_dicom) {
                outcome_.response.failed({}, FailureReason::CannotUnderstand, is_dicom.error());
                continue;
            }
            CO_TRY_VOID(co_await store_part(reader));
        }
        co_await batch_.finish();
        co_return Result<void>{};
    }

private:
    Task<Result<void>> store_part(http::MultipartReader& reader) {
        auto stream = context_->services.importer.begin(options_);
        std::uint64_t size = 0;
        for (;;) {
            CO_TRY(const Bytes piece, co_await reader.read());
            if (piece.empty()) {
                break;
            }
            size += piece.size();
            if (const auto written = co_await stream->write(piece); !written) {
                // The rest of the part is skipped by next_part.
                outcome_.response.failed({}, failure_reason_of(written.error().code),
                                         written.error());
                co_return Result<void>{};
            }
        }
        co_await batch_.add(std::move(stream), size);
        co_return Result<void>{};
    }

    ContextPtr context_;
    ingest::ImportOptions options_;
    StoreOutcome& outcome_;
    ImportBatch batch_;
};

Task<Result<void>> store_all(ContextPtr context, const Request& request, BodyForm form,
                             ingest::ImportOptions options, StoreOutcome& outcome) {
    if (form == BodyForm::Single) {
        CO_TRY(const auto result, co_await import_body(context, request, options));
        outcome.add(result, options);
        co_return Result<void>{};
    }
    if (form == BodyForm::Metadata || form == BodyForm::XmlMetadata) {
        const auto type =
            form == BodyForm::Metadata ? kMetadataMediaType : kXmlMetadataMediaType;
        co_return co_await store_metadata(context, request, type, std::move(options), outcome);
    }
    if (request.body_stream == nullptr) {
        co_return co_await store_in_memory(context, request, std::move(options), outcome);
    }
    CO_TRY(std::string boundary, http::boundary_of(request.headers.get("Content-Type")));
    http::MultipartReader reader(*request.body_stream, std::move(boundary));
    StreamedStore store(context, std::move(options), outcome);
    co_return co_await store.run(reader);
}

Task<Response> store(ContextPtr context, ingest::ImportOptions options, Request request) {
    if (!options.study_instance_uid.empty() && !is_uid_key_part(options.study_instance_uid)) {
        co_return problem(request,
                          {ErrorCode::InvalidInput, "StudyInstanceUID in the path is no UID"});
    }
    const auto form = body_form(request);
    if (!form) {
        co_return problem(request, form.error(), 415);
    }
    const auto media =
        negotiate(request, {kMetadataMediaType, "application/json", kXmlMetadataMediaType});
    if (!media) {
        co_return problem(request, media.error());
    }
    StoreOutcome outcome{StoreResponse(context->service_base(request)), {}};
    const auto stored =
        co_await store_all(context, request, *form, std::move(options), outcome);
    StoreResponse& told = outcome.response;
    const std::size_t count = told.stored_count() + told.failed_count();
    instances_per_request().observe(static_cast<double>(count));
    if (!stored) {
        // What was stored before the body broke stays; sending it again changes nothing.
        if (told.stored_count() == 0) {
            co_return problem(request, stored.error());
        }
        told.failed({}, failure_reason_of(stored.error().code), stored.error());
    } else if (count == 0) {
        co_return problem(request, {ErrorCode::InvalidInput, "the body has no instance in it"});
    }
    const int status = told.status();
    std::string told_as = told.take_json();
    if (*media == kXmlMetadataMediaType) {
        auto documents = dicom::native_xml_of("[" + told_as + "]");
        LARMOR_CHECK(documents && documents->size() == 1);  // the JSON is our own
        told_as = std::move(documents->front());
    }
    Response response(status, *media, std::move(told_as));
    response.context = std::move(outcome.note);
    co_return response;
}

}  // namespace

void add_store_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string pattern, std::string name, auto handler) {
        router.add({.method = http::Method::Post,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(auth::Right::Store, audit::Action::Store),
                    .handler = std::move(handler),
                    .body_max = context->options.store_body_max_bytes});
    };
    add("/dicomweb/studies", "store.instances",
        [context](Request request) { return store(context, {}, std::move(request)); });
    add("/dicomweb/studies/{study}", "store.study", [context](Request request) {
        ingest::ImportOptions options{.study_instance_uid = request.path_parameter("study")};
        return store(context, std::move(options), std::move(request));
    });
}

}  // namespace larmor::api
