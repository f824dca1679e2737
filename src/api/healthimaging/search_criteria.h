#pragma once
#include <string>
#include <string_view>

#include "catalog/image_set_query.h"

namespace larmor::api {

/// The body of SearchImageSets, `{"filters":[..],"sort":{..}}`, which may be absent. All
/// filters must hold; of one attribute there is at most one. Errors: InvalidInput that names
/// the member.
Result<catalog::ImageSetQuery> parse_search_criteria(std::string_view json);

/// What was looked for as it goes on record: keywords, and those values that may.
std::string criteria_for_record(const catalog::ImageSetQuery& query);

/// Where a page begins, for `nextToken`: good for the same criteria only, of which it has a
/// hash; nothing else in it is of a patient. `criteria` is the body of the request.
std::string to_page_token(const catalog::ImageSetQuery::Position& position,
                          std::string_view criteria);
/// Errors: InvalidInput.
Result<catalog::ImageSetQuery::Position> parse_page_token(std::string_view token,
                                                          std::string_view criteria);

std::string_view service_name_of(catalog::ImageSetQuery::Order order);
std::string_view service_name_of(catalog::ImageSetQuery::Direction direction);

}  // namespace larmor::api
