#include "api/dicomweb/metadata_uids.h"

#include <simdjson.h>

#include "base/ids.h"

namespace larmor::api {

MetadataUids uids_of_metadata(std::string_view json) {
    MetadataUids uids;
    const std::pair<const char*, std::string*> wanted[] = {{"0020000D", &uids.study},
                                                           {"0020000E", &uids.series},
                                                           {"00080016", &uids.sop_class},
                                                           {"00080018", &uids.sop_instance}};
    const simdjson::padded_string padded(json);
    for (const auto& [key, uid] : wanted) {
        // A document each: after an error nothing more can be asked of one.
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        std::string_view text;
        if (parser.iterate(padded).get(document) == simdjson::SUCCESS &&
            document[key]["Value"].at(0).get(text) == simdjson::SUCCESS &&
            is_uid_key_part(text)) {
            *uid = text;
        }
    }
    return uids;
}

}  // namespace larmor::api
