#include <deque>

#include "api/access.h"
#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/instance_form.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/routes.h"
#include "api/problem.h"
#include "http/conditional.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

constexpr std::string_view kDicom = "application/dicom";

std::string with_transfer_syntax(std::string_view type, std::string_view uid) {
    return std::string(type) + "; transfer-syntax=" + std::string(uid);
}

Error nothing_acceptable(std::string_view stored) {
    return {
        ErrorCode::Unsupported,
        "Accept takes none of what there is: application/dicom in Explicit VR Little Endian "
        "where the pixels can be decoded, or as stored (transfer-syntax=*), here in " +
            std::string(stored)};
}

/// One instance as the parts of a body, a piece at a time, and what closes the body.
class InstanceBody {
public:
    InstanceBody(ContextPtr context, LocatedInstancePtr located, InstanceForm form,
                 std::string closing = {})
        : context_(std::move(context)),
          located_(std::move(located)),
          form_(form),
          closing_(std::move(closing)) {}

    /// Finds out on the first call whether it can be made at all.
    Task<Result<std::optional<Part>>> next() {
        CO_TRY(auto part, co_await next_of_instance());
        if (!part && !closing_.empty()) {
            part = std::exchange(closing_, {});
        }
        co_return part;
    }

private:
    Task<Result<std::optional<Part>>> next_of_instance() {
        if (form_ == InstanceForm::AsStored) {
            if (std::exchange(done_, true)) {
                co_return std::optional<Part>();
            }
            CO_TRY(http::FileSlice slice, slice_of(context_->services.store, located_->file));
            co_return std::optional<Part>(std::move(slice));
        }
        co_return co_await context_->work([this]() -> Result<std::optional<Part>> {
            if (!explicit_) {
                auto& store = context_->services.store;
                TRY(auto opened, OpenInstance::open(store, located_));
                TRY(explicit_, ExplicitFile::open(store, std::move(opened)));
            }
            return explicit_->next();
        });
    }

    ContextPtr context_;
    LocatedInstancePtr located_;
    InstanceForm form_;
    std::string closing_;
    std::unique_ptr<ExplicitFile> explicit_;
    bool done_ = false;
};

std::string_view transfer_syntax_sent(const LocatedInstance& located, InstanceForm form) {
    return form == InstanceForm::AsStored ? located.instance.file.transfer_syntax_uid
                                          : dicom::kExplicitLittleUid;
}

/// All instances of a study or series as a multipart body.
class InstancesBody {
public:
    InstancesBody(ContextPtr context, InstanceLister lister, std::vector<MediaChoice> choices)
        : context_(std::move(context)),
          lister_(std::move(lister)),
          choices_(std::move(choices)),
          writer_("related", std::string(kDicom)) {}

    std::string content_type() const { return writer_.content_type(); }

    Task<Result<std::optional<Part>>> next() {
        for (;;) {
            if (current_) {
                CO_TRY(auto part, co_await current_->next());
                if (part) {
                    co_return part;
                }
                current_.reset();
            }
            if (page_.empty()) {
                CO_TRY(auto page, co_await context_->work([this] { return lister_.next(); }));
                if (page.empty()) {
                    if (std::exchange(closed_, true)) {
                        co_return std::optional<Part>();
                    }
                    co_return std::optional<Part>(writer_.closing());
                }
                page_.assign(page.begin(), page.end());
            }
            const LocatedInstancePtr located = std::move(page_.front());
            page_.pop_front();
            const auto answer =
                choose_instance_form(choices_, located->instance.file.transfer_syntax_uid);
            if (!answer) {
                continue;  // counted before: the answer is 206
            }
            current_.emplace(context_, located, answer->form);
            co_return std::optional<Part>(writer_.part_head(
                {{"Content-Type", with_transfer_syntax(
                                      kDicom, transfer_syntax_sent(*located, answer->form))}}));
        }
    }

private:
    ContextPtr context_;
    InstanceLister lister_;
    std::vector<MediaChoice> choices_;
    http::MultipartWriter writer_;
    std::deque<LocatedInstancePtr> page_;
    std::optional<InstanceBody> current_;
    bool closed_ = false;
};

/// How many instances can be sent as asked for, and how many can't. Blocks.
struct Feasible {
    std::size_t yes = 0;
    std::size_t no = 0;
    std::string example;  ///< the transfer syntax of one that can't
};
Result<Feasible> count_feasible(const Context& context, const ResourcePath& path,
                                const std::vector<MediaChoice>& choices) {
    TRY(InstanceLister lister, InstanceLister::open(context, path));
    Feasible count;
    for (;;) {
        TRY(const auto page, lister.next());
        if (page.empty()) {
            return count;
        }
        for (const auto& located : page) {
            const auto& stored = located->instance.file.transfer_syntax_uid;
            const auto answer = choose_instance_form(choices, stored);
            if (answer && answer->body == MediaChoice::Form::Multipart) {
                ++count.yes;
            } else {
                ++count.no;
                count.example = stored;
            }
        }
    }
}

Task<Response> retrieve_many(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    const auto accept = accept_of(request);
    if (!accept) {
        co_return problem(request, accept.error());
    }
    auto choices = parse_media_choices(*accept);
    if (!choices) {
        co_return problem(request, choices.error());
    }
    // Many instances have no single body.
    std::erase_if(*choices, [](const MediaChoice& choice) {
        return choice.form != MediaChoice::Form::Multipart;
    });
    const auto feasible =
        co_await context->work([&] { return count_feasible(*context, *path, *choices); });
    if (!feasible) {
        co_return problem(request, feasible.error());
    }
    if (feasible->yes == 0) {
        co_return problem(request, nothing_acceptable(feasible->example));
    }
    auto lister = co_await context->work([&] { return InstanceLister::open(*context, *path); });
    if (!lister) {
        co_return problem(request, lister.error());
    }
    auto body = std::make_unique<InstancesBody>(context, *std::move(lister), *choices);
    Response response(feasible->no == 0 ? 200 : 206);
    response.headers.add("Content-Type", body->content_type());
    response.headers.add("Cache-Control", "no-cache");
    if (feasible->no > 0) {
        response.headers.add("Warning", "299 larmor \"" + std::to_string(feasible->no) +
                                            " instances can not be made as asked for and are "
                                            "left out\"");
    }
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

/// As a single body: with ranges where it is the stored file.
Task<Response> one_as_single(ContextPtr context, Request request, LocatedInstancePtr located,
                             InstanceForm form) {
    auto body = std::make_unique<InstanceBody>(context, located, form);
    auto first = co_await body->next();
    if (!first) {
        co_return problem(request, first.error());
    }
    Response response(200);
    response.headers.add("Content-Type",
                         with_transfer_syntax(kDicom, transfer_syntax_sent(*located, form)));
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(**std::move(first));
    if (form == InstanceForm::AsStored) {
        response.headers.add("ETag", http::etag_of(content_tag(*located)));
        co_return http::with_conditions(request.method, request.headers, std::move(response));
    }
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

Task<Response> one_as_multipart(ContextPtr context, Request request, LocatedInstancePtr located,
                                InstanceForm form) {
    http::MultipartWriter writer("related", std::string(kDicom));
    std::string head = writer.part_head(
        {{"Content-Type", with_transfer_syntax(kDicom, transfer_syntax_sent(*located, form))}});
    auto body = std::make_unique<InstanceBody>(context, located, form, writer.closing());
    auto first = co_await body->next();
    if (!first) {
        co_return problem(request, first.error());
    }
    Response response(200);
    response.headers.add("Content-Type", writer.content_type());
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(std::move(head));
    response.parts.push_back(**std::move(first));
    if (form == InstanceForm::AsStored) {
        response.parts.push_back(writer.closing());
    } else {
        response.generator = [body = std::move(body)] { return body->next(); };
    }
    co_return response;
}

Task<Response> retrieve_one(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    const auto accept = accept_of(request);
    if (!accept) {
        co_return problem(request, accept.error());
    }
    const auto choices = parse_media_choices(*accept);
    if (!choices) {
        co_return problem(request, choices.error());
    }
    const auto located = co_await locate(context, *path);
    if (!located) {
        co_return problem(request, located.error());
    }
    const std::string& stored = (*located)->instance.file.transfer_syntax_uid;
    const auto answer = choose_instance_form(*choices, stored);
    if (!answer) {
        co_return problem(request, nothing_acceptable(stored));
    }
    if (answer->body == MediaChoice::Form::Single) {
        co_return co_await one_as_single(context, std::move(request), *located, answer->form);
    }
    co_return co_await one_as_multipart(context, std::move(request), *located, answer->form);
}

}  // namespace

void add_retrieve_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string pattern, std::string name, auto handler) {
        router.add({.method = http::Method::Get,
                    .pattern = "/dicomweb/studies/{study}" + pattern,
                    .name = std::move(name),
                    .right = right(auth::Right::ReadPixels),
                    .handler = with_context(context, handler)});
    };
    add("", "retrieve.study", retrieve_many);
    add("/series/{series}", "retrieve.series", retrieve_many);
    add("/series/{series}/instances/{instance}", "retrieve.instance", retrieve_one);
}

}  // namespace larmor::api
