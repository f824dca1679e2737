#pragma once
#include <memory>
#include <optional>
#include <string>

#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/retrieval.h"

namespace larmor::api {

inline constexpr std::string_view kDicom = "application/dicom";

/// One instance as the parts of a body, a piece at a time, and what closes the body.
class InstanceBody {
public:
    InstanceBody(ContextPtr context, ChosenInstance chosen, std::string closing = {})
        : context_(std::move(context)),
          chosen_(std::move(chosen)),
          closing_(std::move(closing)) {}

    /// Finds out on the first call whether it can be made at all.
    http::Task<Result<std::optional<http::Part>>> next();

private:
    http::Task<Result<std::optional<http::Part>>> next_of_instance();

    ContextPtr context_;
    ChosenInstance chosen_;
    std::string closing_;
    std::unique_ptr<ExplicitFile> explicit_;
    bool done_ = false;
};

/// `application/dicom; transfer-syntax=...`
std::string content_type_of(const ChosenInstance& chosen);

/// An instance as a single body: with ranges where it is the stored file.
http::Task<Result<http::Response>> answer_single(ContextPtr context, http::Request request,
                                                 ChosenInstance chosen);

}  // namespace larmor::api
