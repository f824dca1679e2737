#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "index/document.h"
#include "index/search/query.h"

namespace larmor::index::search::testing {

/// An image set as the catalog would have it.
struct Given {
    std::string id = std::string(32, 'a');
    std::int64_t version = 1;
    std::int64_t sequence = 1;
    bool is_deleted = false;
    bool is_primary = true;
    std::string patient_id = "P1";
    std::string patient_name = "MISTER^CT";
    std::string study = "1.2.1";
    std::string study_date = "20200131";
    std::string study_description = "Chest";
    std::string series = "1.2.1.1";
    std::string modality = "CT";
    std::string series_number{};
    std::string protocol = "routine";
    std::vector<std::string> instances = {"1.2.1.1.1", "1.2.1.1.2"};
    std::vector<std::string> rows{};  ///< of pixels, by instance; none of those behind
};

ImageSetDocument document_of(const Given& given);

/// Empty where the hit has none.
std::string value_of(const Hit& hit, std::string_view keyword);

}  // namespace larmor::index::search::testing
