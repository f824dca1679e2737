#include "api/dicomweb/store_metadata.h"

#include "api/dicomweb/build_instance.h"
#include "api/dicomweb/bulk_parts.h"
#include "api/dicomweb/metadata_uids.h"
#include "dicom/json_read.h"
#include "dicom/native_xml_read.h"
#include "http/media_type.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Task;

/// Of what is handed to the importer at a time.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

class MetadataStore {
public:
    MetadataStore(ContextPtr context, std::string_view type, ingest::ImportOptions options,
                  StoreOutcome& outcome)
        : context_(std::move(context)),
          type_(type),
          options_(std::move(options)),
          outcome_(outcome),
          parts_(context_->services.store),
          batch_(outcome, options_) {}

    Task<Result<void>> read(http::MultipartReader& reader) {
        for (;;) {
            CO_TRY(const auto head, co_await reader.next_part());
            if (!head) {
                break;
            }
            auto type = type_of(*head);
            if (!type) {
                outcome_.response.failed({}, FailureReason::CannotUnderstand, type.error());
            } else if (type->essence() == kMetadataMediaType) {
                CO_TRY(std::string json, co_await read_metadata(reader));
                documents_.push_back(std::move(json));
            } else if (type->essence() == kXmlMetadataMediaType) {
                CO_TRY(const std::string xml, co_await read_metadata(reader));
                add_xml(
                    co_await context_->work([&] { return dicom::json_of_native_xml(xml); }));
            } else {
                CO_TRY_VOID(co_await read_bulk(reader, *head, *std::move(type)));
            }
        }
        co_return co_await context_->work([this] { return parts_.finish(); });
    }

    Task<Result<void>> store() {
        for (const std::string& document : documents_) {
            const auto objects =
                co_await context_->work([&] { return dicom::split_json_array(document); });
            if (!objects) {
                outcome_.response.failed({}, FailureReason::CannotUnderstand, objects.error());
                continue;
            }
            for (const std::string_view object : *objects) {
                co_await store_one(object);
            }
        }
        co_await batch_.finish();
        // Where an instance failed, what it names was not looked for to the end.
        if (const std::size_t unused = parts_.unused();
            unused > 0 && outcome_.response.failed_count() == 0) {
            outcome_.response.failed(
                {}, FailureReason::CannotUnderstand,
                {ErrorCode::InvalidInput,
                 std::to_string(unused) +
                     " bulk data parts are named by no BulkDataURI of the metadata"});
        }
        co_return Result<void>{};
    }

private:
    /// A first part without a type is what the whole says.
    Result<http::MediaType> type_of(const http::Headers& head) const {
        if (const auto value = head.find("Content-Type")) {
            return http::parse_media_type(*value);
        }
        if (documents_.empty()) {
            return http::parse_media_type(type_);
        }
        return fail(ErrorCode::InvalidInput, "a bulk data part has no Content-Type");
    }

    void add_xml(Result<std::string> json) {
        if (json) {
            documents_.push_back(*std::move(json));
        } else {
            outcome_.response.failed({}, FailureReason::CannotUnderstand, json.error());
        }
    }

    Task<Result<std::string>> read_metadata(http::MultipartReader& reader) {
        std::string document;
        for (;;) {
            CO_TRY(const Bytes piece, co_await reader.read());
            if (piece.empty()) {
                co_return document;
            }
            metadata_bytes_ += piece.size();
            if (metadata_bytes_ > kStoreMetadataMaxBytes) {
                co_return fail(ErrorCode::LimitExceeded,
                               "the metadata has more than " +
                                   std::to_string(kStoreMetadataMaxBytes) +
                                   " bytes: values belong into bulk data parts");
            }
            document += as_text(piece);
        }
    }

    Task<Result<void>> read_bulk(http::MultipartReader& reader, const http::Headers& head,
                                 http::MediaType type) {
        const auto location = head.find("Content-Location");
        if (!location || location->empty()) {
            outcome_.response.failed(
                {}, FailureReason::CannotUnderstand,
                {ErrorCode::InvalidInput, "a bulk data part has no Content-Location"});
            co_return Result<void>{};  // the rest of it is skipped by next_part
        }
        parts_.begin(std::string(*location), std::move(type));
        for (;;) {
            CO_TRY(const Bytes piece, co_await reader.read());
            if (piece.empty()) {
                co_return Result<void>{};
            }
            CO_TRY_VOID(co_await context_->work([&] { return parts_.write(piece); }));
        }
    }

    Task<void> store_one(std::string_view object) {
        const auto built =
            co_await context_->work([&] { return build_instance(object, parts_); });
        if (!built) {
            fail_one(object, built.error());
            co_return;
        }
        auto stream = context_->services.importer.begin(options_);
        for (const auto& piece : built->pieces) {
            Bytes left = std::visit([](const auto& bytes) { return Bytes(bytes); }, piece);
            while (!left.empty()) {
                const Bytes some = left.first(std::min(left.size(), kPieceBytes));
                if (const auto written = co_await stream->write(some); !written) {
                    fail_one(object, written.error());
                    co_return;
                }
                left = left.subspan(some.size());
            }
        }
        co_await batch_.add(std::move(stream), built->size_bytes);
    }

    void fail_one(std::string_view object, const Error& error) {
        const MetadataUids uids = uids_of_metadata(object);
        outcome_.response.failed({.study = uids.study,
                                  .series = uids.series,
                                  .sop_class = uids.sop_class,
                                  .sop_instance = uids.sop_instance},
                                 failure_reason_of(error.code), error);
    }

    ContextPtr context_;
    const std::string_view type_;  ///< of a first part that does not say it
    ingest::ImportOptions options_;
    StoreOutcome& outcome_;
    BulkParts parts_;
    std::vector<std::string> documents_;
    ImportBatch batch_;
    std::uint64_t metadata_bytes_ = 0;
};

}  // namespace

http::Task<Result<void>> store_metadata(ContextPtr context, const http::Request& request,
                                        std::string_view type, ingest::ImportOptions options,
                                        StoreOutcome& outcome) {
    CO_TRY(std::string boundary, http::boundary_of(request.headers.get("Content-Type")));
    const auto body = http::body_of(request);
    http::MultipartReader reader(*body, std::move(boundary));
    MetadataStore store(std::move(context), type, std::move(options), outcome);
    CO_TRY_VOID(co_await store.read(reader));
    co_return co_await store.store();
}

}  // namespace larmor::api
