#include "api/dicomweb/instance_body.h"
#include "api/dicomweb/routes.h"
#include "api/dicomweb/zip.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

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
            if (at_ == page_.size()) {
                CO_TRY_VOID(co_await context_->work([this] { return load_page(); }));
                if (page_.empty()) {
                    if (std::exchange(closed_, true)) {
                        co_return std::optional<Part>();
                    }
                    co_return std::optional<Part>(writer_.closing());
                }
            }
            ChosenInstance& chosen = page_[at_++];
            std::string head = writer_.part_head({{"Content-Type", content_type_of(chosen)}});
            current_.emplace(context_, std::move(chosen));
            co_return std::optional<Part>(std::move(head));
        }
    }

private:
    /// The next instances that can be made; what can't was counted before: the answer is 206.
    Result<void> load_page() {
        page_.clear();
        at_ = 0;
        while (page_.empty()) {
            TRY(const auto listed, lister_.next());
            if (listed.empty()) {
                return {};
            }
            for (const auto& located : listed) {
                auto chosen = choose_instance(*context_, located, choices_);
                if (chosen) {
                    page_.push_back(*std::move(chosen));
                } else if (chosen.error().code != ErrorCode::Unsupported) {
                    return tl::unexpected(std::move(chosen).error());
                }
            }
        }
        return {};
    }

    ContextPtr context_;
    InstanceLister lister_;
    std::vector<MediaChoice> choices_;
    http::MultipartWriter writer_;
    std::vector<ChosenInstance> page_;
    std::size_t at_ = 0;  ///< in page_
    std::optional<InstanceBody> current_;
    bool closed_ = false;
};

/// How many instances can be sent as asked for, and how many can't; why, where none can.
/// Blocks.
struct Feasible {
    std::size_t yes = 0;
    std::size_t no = 0;
};
Result<Feasible> count_feasible(const Context& context, const Retrieval& wanted) {
    TRY(InstanceLister lister, InstanceLister::open(context, wanted.path));
    Feasible count;
    Error reason{ErrorCode::NotFound, "there is no instance"};
    for (;;) {
        TRY(const auto page, lister.next());
        for (const auto& located : page) {
            auto chosen = choose_instance(context, located, wanted.choices);
            if (chosen) {
                ++count.yes;
                continue;
            }
            if (chosen.error().code != ErrorCode::Unsupported) {
                return tl::unexpected(std::move(chosen).error());
            }
            ++count.no;
            reason = std::move(chosen).error();
        }
        if (page.empty()) {
            return count.yes > 0 ? Result<Feasible>(count) : tl::unexpected(std::move(reason));
        }
    }
}

Task<Result<Response>> retrieve_many(ContextPtr context, Request request) {
    CO_TRY(Retrieval wanted, read_retrieval(request));
    if (auto of_zip = zip_choices(wanted.choices); !of_zip.empty()) {
        wanted.choices = std::move(of_zip);
        co_return co_await answer_zip(context, std::move(request), std::move(wanted));
    }
    // Many instances have no single body.
    std::erase_if(wanted.choices, [](const MediaChoice& choice) {
        return choice.form != MediaChoice::Form::Multipart;
    });
    CO_TRY(const auto feasible,
           co_await context->work([&] { return count_feasible(*context, wanted); }));
    CO_TRY(auto lister,
           co_await context->work([&] { return InstanceLister::open(*context, wanted.path); }));
    CO_TRY(const auto accepts, accepts_of(request));
    std::string accept;
    for (const std::string& one : accepts) {
        accept += one + '\n';
    }
    const std::string etag =
        weak_etag(lister.version() + "-" + std::to_string(xxh3(as_bytes(accept))));
    if (auto known = not_modified(request, etag)) {
        co_return *std::move(known);
    }
    auto body = std::make_unique<InstancesBody>(context, std::move(lister), wanted.choices);
    Response response(feasible.no == 0 ? 200 : 206);
    response.headers.add("ETag", etag);
    response.headers.add("Content-Type", body->content_type());
    response.headers.add("Cache-Control", "no-cache");
    if (feasible.no > 0) {
        response.headers.add("Warning", "299 larmor \"" + std::to_string(feasible.no) +
                                            " instances can not be made as asked for and are "
                                            "left out\"");
    }
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

Task<Result<Response>> one_as_multipart(ContextPtr context, Request request,
                                        ChosenInstance chosen) {
    const std::string etag =
        weak_etag(edited_tag(*chosen.located) +
                  (chosen.form == InstanceForm::ExplicitLittle ? "-explicit" : "-stored"));
    if (auto known = not_modified(request, etag)) {
        co_return *std::move(known);
    }
    http::MultipartWriter writer("related", std::string(kDicom));
    std::string head = writer.part_head({{"Content-Type", content_type_of(chosen)}});
    auto body = std::make_unique<InstanceBody>(context, chosen, writer.closing());
    CO_TRY(auto first, co_await body->next());
    Response response(200);
    response.headers.add("ETag", etag);
    response.headers.add("Content-Type", writer.content_type());
    response.headers.add("Cache-Control", "no-cache");
    response.parts.push_back(std::move(head));
    response.parts.push_back(*std::move(first));
    if (chosen.form == InstanceForm::AsStored) {
        response.parts.push_back(writer.closing());
    } else {
        response.generator = [body = std::move(body)] { return body->next(); };
    }
    co_return response;
}

Task<Result<Response>> retrieve_one(ContextPtr context, Request request) {
    CO_TRY(Retrieval wanted, read_retrieval(request));
    if (auto of_zip = zip_choices(wanted.choices); !of_zip.empty()) {
        wanted.choices = std::move(of_zip);
        co_return co_await answer_zip(context, std::move(request), std::move(wanted));
    }
    CO_TRY(const auto located, co_await locate(context, wanted.path));
    // What is stored as asked for costs no thread change.
    auto primary =
        choose_primary(located, wanted.choices, located->is_file_format.value_or(false));
    if (!primary) {
        CO_TRY(primary, co_await context->work([&] {
            return choose_instance(*context, located, wanted.choices);
        }));
    }
    ChosenInstance chosen = *std::move(primary);
    if (chosen.body == MediaChoice::Form::Single) {
        co_return co_await answer_single(context, std::move(request), std::move(chosen));
    }
    co_return co_await one_as_multipart(context, std::move(request), std::move(chosen));
}

}  // namespace

void add_retrieve_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string_view path, std::string name, GetHandler handler) {
        add_get(router, context,
                {path, "", std::move(name), auth::Right::ReadPixels, audit::Action::Retrieve,
                 std::move(handler)});
    };
    add(kStudyPath, "retrieve.study", retrieve_many);
    add(kSeriesPath, "retrieve.series", retrieve_many);
    add(kInstancePath, "retrieve.instance", retrieve_one);
}

}  // namespace larmor::api
