// What a client writes into a search or retrieval before anything is looked up: QIDO-RS
// queries, Accept fields, paths of bulk data, frame lists, windows.
#include <cstddef>
#include <cstdint>

#include "api/dicomweb/bulk_value.h"
#include "api/dicomweb/frame_source.h"
#include "api/dicomweb/instance_form.h"
#include "api/dicomweb/render_query.h"
#include "api/media_choice.h"
#include "api/search_query.h"

namespace {

using namespace larmor;

void check_search(std::string_view text, catalog::Level level) {
    const auto request = api::parse_search_request(text, level);
    if (!request) {
        LARMOR_CHECK(!request.error().message.empty());
        return;
    }
    for (const auto& condition : request->conditions) {
        LARMOR_CHECK(catalog::info_of(condition.attribute).level <= level);
    }
    // Warnings go into a header field as they are.
    for (const std::string& warning : request->warnings) {
        for (const char c : warning) {
            LARMOR_CHECK(c >= ' ' && c <= '~' && c != '"');
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_search(text, catalog::Level::Study);
    check_search(text, catalog::Level::Instance);
    if (const auto choices = api::parse_media_choices(text)) {
        const std::vector<std::string_view> stored = {"1.2.840.10008.1.2.4.80",
                                                      "1.2.840.10008.1.2.1"};
        if (const auto answer = api::choose_instance_form(*choices, stored)) {
            LARMOR_CHECK(answer->encoding < stored.size());
        }
        if (const auto answer = api::choose_frame_form(*choices, stored, 1)) {
            LARMOR_CHECK(answer->encoding < stored.size());
        }
    }
    if (const auto path = api::parse_bulk_data_path(text)) {
        LARMOR_CHECK(path->steps.size() <= 64);
    }
    if (const auto frames = api::parse_frame_list(text)) {
        LARMOR_CHECK(!frames->empty() && frames->size() <= api::kFramesMax);
    }
    if (const auto query = http::parse_query(text)) {
        if (const auto render = api::parse_render_query(*query)) {
            LARMOR_CHECK(render->quality >= 1 && render->quality <= 100);
        }
    }
    return 0;
}
