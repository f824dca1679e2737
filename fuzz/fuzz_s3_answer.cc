// Any bytes as an answer of an S3 server: what is read of it is bounded, and what of it gets
// into an error is short and printable.
#include <algorithm>

#include "objects/s3/answers.h"
#include "objects/s3/xml_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larmor;
    const auto input = as_text(std::as_bytes(std::span(data, size)));

    if (const auto page = objects::s3::read_list_page(input)) {
        for (const auto& object : page->objects) LARMOR_CHECK(!object.key.empty());
        LARMOR_CHECK(page->objects.size() + page->prefixes.size() <=
                     objects::s3::kXmlElementsMax);
    }
    if (const auto id = objects::s3::read_upload_id(input)) LARMOR_CHECK(!id->empty());
    if (const auto page = objects::s3::read_upload_page(input)) {
        for (const auto& upload : page->uploads) LARMOR_CHECK(!upload.id.empty());
    }
    if (const auto failures = objects::s3::read_delete_result(input)) {
        for (const auto& failure : *failures) LARMOR_CHECK(!failure.error.message.empty());
    }
    for (const int status : {200, 403, 404, 412, 503}) {
        const auto failure = objects::s3::server_failure("S3 call", status, input, {});
        LARMOR_CHECK(failure.error.message.size() < 1000);
        LARMOR_CHECK(std::ranges::all_of(failure.error.message,
                                         [](char c) { return c >= ' ' && c <= '~'; }));
    }
    if (const auto range = objects::s3::read_content_range(input)) {
        LARMOR_CHECK(range->first <= range->last && range->last < range->total);
    }
    return 0;
}
