#include "api/dicomweb/instance_body.h"

#include "http/conditional.h"

namespace larmor::api {

using http::Part;
using http::Task;

Task<Result<std::optional<Part>>> InstanceBody::next() {
    CO_TRY(auto part, co_await next_of_instance());
    if (!part && !closing_.empty()) {
        part = std::exchange(closing_, {});
    }
    co_return part;
}

Task<Result<std::optional<Part>>> InstanceBody::next_of_instance() {
    if (chosen_.form == InstanceForm::AsStored) {
        if (std::exchange(done_, true)) {
            co_return std::optional<Part>();
        }
        auto& store = context_->services.store;
        if (store.opens_at_once()) {
            CO_TRY(http::FileSlice slice, slice_of(store, chosen_.located->file));
            co_return std::optional<Part>(std::move(slice));
        }
        CO_TRY(http::FileSlice slice, co_await context_->work([&]() -> Result<http::FileSlice> {
            return slice_of(store, chosen_.located->file);
        }));
        co_return std::optional<Part>(std::move(slice));
    }
    co_return co_await context_->work([this]() -> Result<std::optional<Part>> {
        if (!explicit_) {
            auto& store = context_->services.store;
            TRY(auto opened, OpenInstance::open(store, chosen_.located));
            TRY(explicit_, ExplicitFile::open(store, std::move(opened), chosen_.form));
        }
        return explicit_->next();
    });
}

std::string content_type_of(const ChosenInstance& chosen) {
    return with_transfer_syntax(kDicom, chosen.transfer_syntax());
}

Task<Result<http::Response>> answer_single(ContextPtr context, http::Request request,
                                           ChosenInstance chosen) {
    auto body = std::make_unique<InstanceBody>(context, chosen);
    CO_TRY(auto first, co_await body->next());
    http::Response response(200);
    response.headers.add("Content-Type", content_type_of(chosen));
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(*std::move(first));
    if (chosen.form == InstanceForm::Edited) {
        const std::string etag = http::etag_of(edited_tag(*chosen.located));
        if (auto known = not_modified(request, etag)) co_return *std::move(known);
        response.headers.add("ETag", etag);
    }
    if (chosen.form == InstanceForm::AsStored) {
        response.headers.add("ETag", http::etag_of(content_tag(*chosen.located)));
        co_return http::with_conditions(request.method, request.headers, std::move(response));
    }
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

}  // namespace larmor::api
