#include <simdjson.h>

#include "dicom/json_read.h"

namespace larmor::dicom {
namespace {

tl::unexpected<Error> no_objects(simdjson::error_code error) {
    return fail(ErrorCode::InvalidInput,
                std::string("no JSON array of objects: ") + simdjson::error_message(error));
}

}  // namespace

Result<std::vector<std::string_view>> split_json_array(std::string_view json,
                                                       std::size_t objects_max) {
    std::vector<std::string_view> objects;
    const auto first = json.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && json[first] == '{') {
        objects.push_back(json);
        return objects;
    }
    const simdjson::padded_string padded(json);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::array array;
    if (const auto error = parser.iterate(padded).get(document)) return no_objects(error);
    if (const auto error = document.get_array().get(array)) return no_objects(error);
    for (auto next : array) {
        simdjson::ondemand::object object;
        if (const auto error = next.get_object().get(object)) return no_objects(error);
        std::string_view raw;
        if (const auto error = object.raw_json().get(raw)) return no_objects(error);
        if (objects.size() == objects_max) {
            return fail(
                ErrorCode::LimitExceeded,
                "the metadata has more than " + std::to_string(objects_max) + " instances");
        }
        // The same place in what the caller owns.
        const auto at = static_cast<std::size_t>(raw.data() - padded.data());
        const auto end = raw.find_last_of('}') + 1;  // what follows is white space
        objects.push_back(json.substr(at, end));
    }
    if (!document.current_location().error()) {
        return fail(ErrorCode::InvalidInput, "more than one JSON value");
    }
    return objects;
}

}  // namespace larmor::dicom
