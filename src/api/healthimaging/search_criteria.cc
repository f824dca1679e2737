#include "api/healthimaging/search_criteria.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <set>

#include "api/healthimaging/service_request.h"
#include "audit/query_text.h"
#include "base/hash.h"
#include "catalog/folding.h"

namespace larmor::api {
namespace {

namespace dom = simdjson::dom;
using catalog::ImageSetQuery;

/// More than there are attributes to filter by.
constexpr std::size_t kFiltersMax = 10;
constexpr std::size_t kFilterTextMaxBytes = 256;

tl::unexpected<Error> wrong_criteria(std::string what) {
    return fail(ErrorCode::InvalidInput, std::move(what));
}

struct Value {
    std::string_view name;
    dom::element value;
};

Result<Value> value_of_filter(dom::element element) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS || object.size() != 1) {
        return wrong_criteria("a value of a filter is an object with one attribute");
    }
    const auto [name, value] = *object.begin();
    return Value{name, value};
}

Result<std::string> text_of_filter(std::string_view name, dom::element value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS || text.size() > kFilterTextMaxBytes) {
        return wrong_criteria(std::string(name) + " is a text of at most " +
                              std::to_string(kFilterTextMaxBytes) + " bytes");
    }
    return std::string(text);
}

/// Seconds since 1970, as restJson1 has times.
Result<Time> time_of_filter(std::string_view name, dom::element value) {
    constexpr double kMax = 253'402'300'799;  // the end of the year 9999
    double seconds = 0;
    if (value.get(seconds) != simdjson::SUCCESS || !(seconds >= 0 && seconds <= kMax)) {
        return wrong_criteria(std::string(name) + " is a number of seconds since 1970");
    }
    return Time(std::chrono::microseconds(std::llround(seconds * 1e6)));
}

Result<ImageSetQuery::Moment> moment_of_filter(dom::element value) {
    dom::object object;
    std::string_view date;
    std::string_view time;
    const bool is_one = value.get(object) == simdjson::SUCCESS &&
                        object["DICOMStudyDate"].get(date) == simdjson::SUCCESS;
    const bool has_time = is_one && object["DICOMStudyTime"].get(time) == simdjson::SUCCESS;
    if (!is_one || object.size() != (has_time ? 2U : 1U)) {
        return wrong_criteria(
            "DICOMStudyDateAndTime has a DICOMStudyDate and perhaps a DICOMStudyTime");
    }
    const bool is_time = time.empty() || !catalog::time_key(time).empty();
    if (!catalog::is_date(date) || !is_time) {
        return wrong_criteria(
            "DICOMStudyDate is YYYYMMDD, DICOMStudyTime HHMMSS or less of it");
    }
    return ImageSetQuery::Moment{std::string(date), std::string(time)};
}

/// The text attributes; null for another name.
std::optional<std::string>* text_in(ImageSetQuery& query, std::string_view name) {
    if (name == "DICOMPatientId") return &query.patient_id;
    if (name == "DICOMAccessionNumber") return &query.accession_number;
    if (name == "DICOMStudyId") return &query.study_id;
    if (name == "DICOMStudyInstanceUID") return &query.study_instance_uid;
    if (name == "DICOMSeriesInstanceUID") return &query.series_instance_uid;
    return nullptr;
}
ImageSetQuery::Times* times_in(ImageSetQuery& query, std::string_view name) {
    if (name == "createdAt") return &query.created;
    if (name == "updatedAt") return &query.updated;
    return nullptr;
}

/// `from` and `to` are the same value where the operator is EQUAL.
Result<void> take_filter(ImageSetQuery& query, const Value& from, const Value& to,
                         bool is_range) {
    if (auto* times = times_in(query, from.name)) {
        TRY(times->from, time_of_filter(from.name, from.value));
        TRY(times->to, time_of_filter(to.name, to.value));
        return {};
    }
    if (from.name == "DICOMStudyDateAndTime") {
        TRY(query.studied_from, moment_of_filter(from.value));
        TRY(query.studied_to, moment_of_filter(to.value));
        return {};
    }
    if (is_range) {
        return wrong_criteria("BETWEEN is for createdAt, updatedAt and DICOMStudyDateAndTime");
    }
    if (auto* text = text_in(query, from.name)) {
        TRY(*text, text_of_filter(from.name, from.value));
        return {};
    }
    bool is_primary = false;
    if (from.name != "isPrimary" || from.value.get(is_primary) != simdjson::SUCCESS) {
        return wrong_criteria("a filter has an attribute that is not searched by");
    }
    query.is_primary = is_primary;
    return {};
}

Result<void> read_filter(ImageSetQuery& query, std::set<std::string>& seen,
                         dom::element element) {
    dom::object filter;
    dom::array values;
    std::string_view operator_name;
    if (element.get(filter) != simdjson::SUCCESS || filter.size() != 2 ||
        filter["values"].get(values) != simdjson::SUCCESS ||
        filter["operator"].get(operator_name) != simdjson::SUCCESS) {
        return wrong_criteria("a filter has values and an operator");
    }
    const bool is_range = operator_name == "BETWEEN";
    if (!is_range && operator_name != "EQUAL") {
        return wrong_criteria("the operator of a filter is EQUAL or BETWEEN");
    }
    if (values.size() != (is_range ? 2U : 1U)) {
        return wrong_criteria("EQUAL takes one value, BETWEEN two");
    }
    TRY(const Value from, value_of_filter(values.at(0)));
    TRY(const Value to, value_of_filter(values.at(values.size() - 1)));
    if (from.name != to.name) {
        return wrong_criteria("both values of BETWEEN are of one attribute");
    }
    if (!seen.insert(std::string(from.name)).second) {
        return wrong_criteria(std::string(from.name) + " is filtered by twice");
    }
    return take_filter(query, from, to, is_range);
}

Result<void> read_filters(ImageSetQuery& query, dom::element element) {
    dom::array filters;
    if (element.get(filters) != simdjson::SUCCESS || filters.size() > kFiltersMax) {
        return wrong_criteria("filters is an array of at most " + std::to_string(kFiltersMax));
    }
    std::set<std::string> seen;
    for (const auto filter : filters) TRY_VOID(read_filter(query, seen, filter));
    return {};
}

Result<void> read_sort(ImageSetQuery& query, dom::element element) {
    dom::object sort;
    std::string_view field;
    std::string_view order;
    if (element.get(sort) != simdjson::SUCCESS || sort.size() != 2 ||
        sort["sortField"].get(field) != simdjson::SUCCESS ||
        sort["sortOrder"].get(order) != simdjson::SUCCESS) {
        return wrong_criteria("sort has a sortField and a sortOrder");
    }
    using Order = ImageSetQuery::Order;
    using Direction = ImageSetQuery::Direction;
    for (const auto known : {Order::Updated, Order::Created, Order::StudyDateAndTime}) {
        for (const auto way : {Direction::Ascending, Direction::Descending}) {
            if (field != service_name_of(known) || order != service_name_of(way)) continue;
            query.order = known;
            query.direction = way;
            return {};
        }
    }
    return wrong_criteria(
        "sortField is updatedAt, createdAt or DICOMStudyDateAndTime, sortOrder ASC or DESC");
}

std::string hash_of_criteria(std::string_view criteria) {
    return std::to_string(xxh3(as_bytes(criteria)));
}

}  // namespace

std::string_view service_name_of(ImageSetQuery::Order order) {
    switch (order) {
        case ImageSetQuery::Order::Updated:
            return "updatedAt";
        case ImageSetQuery::Order::Created:
            return "createdAt";
        case ImageSetQuery::Order::StudyDateAndTime:
            return "DICOMStudyDateAndTime";
    }
    return "updatedAt";
}

std::string_view service_name_of(ImageSetQuery::Direction direction) {
    return direction == ImageSetQuery::Direction::Ascending ? "ASC" : "DESC";
}

Result<ImageSetQuery> parse_search_criteria(std::string_view json) {
    ImageSetQuery query;
    if (json.empty()) return query;
    dom::parser parser;
    dom::object root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
        return wrong_criteria("the body is no JSON object");
    }
    for (const auto [key, value] : root) {
        if (key == "filters") {
            TRY_VOID(read_filters(query, value));
        } else if (key == "sort") {
            TRY_VOID(read_sort(query, value));
        } else {
            return wrong_criteria("searchCriteria has filters and sort only");
        }
    }
    return query;
}

std::string criteria_for_record(const ImageSetQuery& query) {
    std::string text;
    const auto add = [&](std::string_view keyword, const std::optional<std::string>& value) {
        if (value) audit::append_query_key(text, keyword, *value);
    };
    add("PatientID", query.patient_id);
    add("AccessionNumber", query.accession_number);
    add("StudyID", query.study_id);
    add("StudyInstanceUID", query.study_instance_uid);
    add("SeriesInstanceUID", query.series_instance_uid);
    if (query.studied_from && query.studied_to) {
        add("StudyDate", query.studied_from->date + "-" + query.studied_to->date);
    }
    return text;
}

std::string to_page_token(const ImageSetQuery::Position& position, std::string_view criteria) {
    return std::to_string(position.key) + '.' + std::to_string(number_of(position.row)) + '.' +
           hash_of_criteria(criteria);
}

Result<ImageSetQuery::Position> parse_page_token(std::string_view token,
                                                 std::string_view criteria) {
    const auto take = [&]() -> Result<std::int64_t> {
        std::int64_t number = 0;
        const auto dot = token.find('.');
        if (dot == std::string_view::npos) return wrong_token();
        const auto part = token.substr(0, dot);
        const auto [end, error] =
            std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc() || end != part.data() + part.size()) return wrong_token();
        token.remove_prefix(dot + 1);
        return number;
    };
    TRY(const std::int64_t key, take());
    TRY(const std::int64_t row, take());
    if (token != hash_of_criteria(criteria)) return wrong_token();
    return ImageSetQuery::Position{key, catalog::ImageSetRow{row}};
}

}  // namespace larmor::api
