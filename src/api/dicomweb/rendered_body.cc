#include "api/dicomweb/rendered_body.h"

#include "api/problem.h"
#include "preprocess/prepare.h"

namespace larmor::api {

using http::Part;

Result<Subject> choose_subject(const Context& context, LocatedInstancePtr located,
                               const std::vector<std::string>& accepts) {
    TRY(auto carried, find_carried(context, located));
    if (carried) {
        TRY(PictureForm form,
            choose_picture_form(accepts, Pictures::Several, carried->offers()));
        return Subject{std::move(located), 0, std::move(form.media_type), std::move(carried)};
    }
    if (!may_have_picture(*located)) {
        return tl::unexpected(no_picture(located->instance.preprocess_reason));
    }
    TRY(PictureForm form, choose_picture_form(accepts, Pictures::Several, picture_types()));
    return Subject{std::move(located), 0, std::move(form.media_type)};
}

Result<std::optional<Subject>> Subjects::next(const Context& context) {
    while (ready_.empty() && lister_) {
        TRY(const auto listed, lister_->next());
        if (listed.empty()) {
            lister_.reset();
        }
        for (const auto& located : listed) {
            auto subject = choose_subject(context, located, accepts_);
            if (subject) {
                ready_.push_back(*std::move(subject));
            } else if (subject.error().code != ErrorCode::Unsupported) {
                return tl::unexpected(std::move(subject).error());
            }
        }
    }
    if (ready_.empty()) {
        return std::optional<Subject>();
    }
    std::optional<Subject> subject(std::move(ready_.front()));
    ready_.pop_front();
    return subject;
}

Result<std::optional<Part>> RenderedBody::make_next(Failures failures) {
    while (ready_.empty()) {
        TRY(auto subject, subjects_.next(*context_));
        if (!subject) {
            if (std::exchange(closed_, true)) {
                return std::optional<Part>();
            }
            ready_.emplace_back(writer_.closing());
            break;
        }
        TRY_VOID(load_subject(*std::move(subject), failures));
    }
    std::optional<Part> part(std::move(ready_.front()));
    ready_.pop_front();
    return part;
}

Result<void> RenderedBody::load_subject(Subject subject, Failures failures) {
    if (subject.carried) {
        ready_.emplace_back(
            head_of(subject, subject.carried->content_type(subject.media_type)));
        for (Part& part : subject.carried->take(subject.media_type)) {
            ready_.push_back(std::move(part));
        }
        return {};
    }
    auto picture =
        draw_picture(*context_, subject.located, subject.frame, query_, subject.media_type);
    if (!picture && failures == Failures::AreErrors) {
        return tl::unexpected(std::move(picture).error());
    }
    std::string part = head_of(
        subject, picture ? std::string_view(subject.media_type) : "application/problem+json");
    part += picture ? picture->bytes : problem_json(picture.error(), request_id_);
    lacks_profile_ = lacks_profile_ || (picture && picture->lacks_profile);
    ready_.emplace_back(std::move(part));
    return {};
}

std::string RenderedBody::head_of(const Subject& subject, std::string_view content_type) {
    const auto& instance = subject.located->instance;
    std::string url = base_ + preprocess::instance_path(instance.study_instance_uid,
                                                        instance.series_instance_uid,
                                                        instance.attributes.sop_instance_uid);
    if (!subject.carried) {
        url += "/frames/" + std::to_string(subject.frame + 1);
    }
    http::Headers head;
    head.add("Content-Type", content_type);
    head.add("Content-Location", url + "/rendered");
    return writer_.part_head(head);
}

}  // namespace larmor::api
