// What clients of HealthImaging's API send: bodies, queries, tokens of pages, ids of frames,
// ARNs and signatures. What is refused has the service's name for it and no bytes that are no
// JSON; what is taken is what the readers promise.
#include <cstdint>

#include "api/healthimaging/copy_request.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/import_request.h"
#include "api/healthimaging/resource_arn.h"
#include "api/healthimaging/search_criteria.h"
#include "api/healthimaging/update_request.h"
#include "base/hash.h"
#include "healthimaging/frame_id.h"
#include "sigv4/verify.h"

namespace {

using namespace larmor;

const std::string kDatastore(32, 'd');

void check_refusal(const Error& error) {
    LARMOR_CHECK(error.code == ErrorCode::InvalidInput ||
                 error.code == ErrorCode::LimitExceeded || error.code == ErrorCode::NotFound);
    LARMOR_CHECK(!error.message.empty());
    LARMOR_CHECK(api::service_error_of(error.code).status < 500);
}

void parse_bodies(std::string_view query, std::string_view body) {
    if (const auto update = api::parse_update_request(query, body)) {
        LARMOR_CHECK(update->latest_version.value_or(0) > 0);
        LARMOR_CHECK(!update->revert_to || update->document.updates.empty());
        LARMOR_CHECK(update->revert_to.value_or(1) > 0);
    } else {
        check_refusal(update.error());
    }
    if (const auto copy = api::parse_copy_request("source", query, body)) {
        LARMOR_CHECK(copy->source == "source" && copy->source_version.value_or(1) > 0);
    } else {
        check_refusal(copy.error());
    }
    if (const auto search = api::parse_search_criteria(body)) {
        static_cast<void>(api::criteria_for_record(*search));
    } else {
        check_refusal(search.error());
    }
    if (const auto start = api::parse_import_request(body, kDatastore)) {
        LARMOR_CHECK(!start->parameters.input_uri.empty());
        LARMOR_CHECK(!start->parameters.output_uri.empty());
        LARMOR_CHECK(start->parameters.datastore_id == kDatastore);
    } else {
        check_refusal(start.error());
    }
}

void parse_names(std::string_view text) {
    if (const auto position = api::parse_page_token(text, "criteria")) {
        const auto again =
            api::parse_page_token(api::to_page_token(*position, "criteria"), "criteria");
        LARMOR_CHECK(again.has_value());
    }
    if (const auto frame = healthimaging::parse_frame_id(text, kDatastore)) {
        LARMOR_CHECK(healthimaging::to_frame_id(*frame, kDatastore) == text);
    }
    static_cast<void>(api::parse_resource_arn(text));
}

/// Nobody has this secret, so that nothing is let in, whatever is presented.
void present(std::string_view authorization, std::string_view rest) {
    sigv4::Request request{.method = "POST", .path = "/healthimaging/datastore"};
    request.query = rest;
    request.headers = {{"host", "pacs.example"}, {"authorization", std::string(authorization)}};
    request.headers.push_back({"x-amz-date", std::string(rest.substr(0, 32))});
    const auto presented = sigv4::read_presented(request);
    if (!presented) {
        LARMOR_CHECK(presented.error().code == ErrorCode::Unauthenticated);
        return;
    }
    LARMOR_CHECK(!presented->access_key_id.empty());
    sigv4::VerifyOptions options;
    options.region = presented->scope.region;
    options.service = "medical-imaging";
    options.path_rule = sigv4::PathRule::Normalized;
    const Time now{std::chrono::seconds(1'767'225'600)};
    LARMOR_CHECK(!sigv4::verify(request, *presented, "a secret that nobody has",
                                to_hex(sha256({})), now, options));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(text.find('\n'), text.size());
    const auto first = text.substr(0, line);
    const auto rest = text.substr(std::min(line + 1, text.size()));
    parse_bodies(first, rest);
    parse_bodies("latestVersion=3&force=true", text);
    parse_names(text);
    present(first, rest);
    return 0;
}
