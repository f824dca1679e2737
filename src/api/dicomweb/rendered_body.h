#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "api/dicomweb/carried.h"
#include "api/dicomweb/picture.h"
#include "http/multipart.h"

namespace larmor::api {

/// A frame of an instance that is to be drawn, or what the instance carries.
struct Subject {
    LocatedInstancePtr located;
    std::uint32_t frame = 0;
    std::string media_type;
    std::optional<Carried> carried{};
};

/// How an instance among others is rendered: what it carries, or its first frame. Blocks.
/// Errors: Unsupported (406) where nothing of it is accepted or can be made.
Result<Subject> choose_subject(const Context& context, LocatedInstancePtr located,
                               const std::vector<std::string>& accepts);

/// Subjects one after the other: given ones, or all instances of a study or series that can be
/// rendered.
class Subjects {
public:
    explicit Subjects(std::vector<Subject> subjects)
        : ready_(std::make_move_iterator(subjects.begin()),
                 std::make_move_iterator(subjects.end())) {}
    Subjects(InstanceLister lister, std::vector<std::string> accepts)
        : lister_(std::move(lister)), accepts_(std::move(accepts)) {}

    /// The next one, nothing at the end. Blocks.
    Result<std::optional<Subject>> next(const Context& context);

private:
    std::deque<Subject> ready_;
    std::optional<InstanceLister> lister_;
    std::vector<std::string> accepts_;
};

/// Renderings as a multipart body; each is made when it is asked for. One that can't be made
/// against expectation is a problem document in its place, since the status has gone out.
class RenderedBody {
public:
    /// `part_type`: of the first part (RFC 2387 section 3.1). `base`: of the service.
    RenderedBody(ContextPtr context, Subjects subjects, RenderQuery query,
                 const std::string& part_type, std::string base, std::string request_id)
        : context_(std::move(context)),
          subjects_(std::move(subjects)),
          query_(std::move(query)),
          base_(std::move(base)),
          request_id_(std::move(request_id)),
          writer_("related", part_type) {}

    std::string content_type() const { return writer_.content_type(); }
    /// Of the pictures that were made so far: a profile was asked for, and is in none or some.
    bool lacks_profile() const { return lacks_profile_; }

    /// The first part, whose error is an answer still.
    http::Task<Result<std::optional<http::Part>>> first() {
        return async::as_task(
            context_->work([this] { return make_next(Failures::AreErrors); }));
    }
    http::Task<Result<std::optional<http::Part>>> next() {
        return async::as_task(context_->work([this] { return make_next(Failures::AreParts); }));
    }

private:
    enum class Failures : std::uint8_t { AreErrors, AreParts };

    Result<std::optional<http::Part>> make_next(Failures failures);
    Result<void> load_subject(Subject subject, Failures failures);
    std::string head_of(const Subject& subject, std::string_view content_type);

    ContextPtr context_;
    Subjects subjects_;
    RenderQuery query_;
    std::string base_;
    std::string request_id_;
    http::MultipartWriter writer_;
    std::deque<http::Part> ready_;
    bool lacks_profile_ = false;
    bool closed_ = false;
};

}  // namespace larmor::api
