#include <algorithm>
#include <random>
#include <tuple>

#include "catalog/tests/image_set_library.h"

namespace larmor::catalog {
namespace {

using testing::must;
using Order = ImageSetQuery::Order;
using Direction = ImageSetQuery::Direction;

/// Random searches against one that looks at everything.
class ImageSetSearchModel : public testing::ImageSetLibrary {
protected:
    static constexpr int kStudies = 12;

    std::size_t below(std::size_t count) { return random_() % count; }
    bool one_in(std::size_t count) { return below(count) == 0; }

    /// Some are added to later, conflict or are deleted; several are of one moment.
    void fill() {
        for (int step = 0; step < 60; ++step) {
            const std::string study = std::to_string(below(kStudies));
            const std::string series = "1.2." + study + '.' + std::to_string(below(4));
            InstanceRecord made =
                record("1.2." + study, series, series + '.' + std::to_string(step));
            made.patient.patient_id = "P" + std::to_string(std::stoi(study) % 3);
            std::tie(made.study.study_date, made.study.study_time) = moment_of(study);
            insert(made, one_in(8) ? Placement::NonPrimary : Placement::Primary);
            if (one_in(2)) clock_.advance(std::chrono::seconds(1));
        }
        for (const auto& hit : search({.limit = 1000}).items) {
            if (one_in(8)) {
                must(database_->write_and_wait([&](db::Transaction& tx) {
                    return catalog_->delete_image_set(tx, hit.image_set.id, "who",
                                                      clock_.now() + std::chrono::hours(1));
                }));
            } else {
                all_.push_back(hit);
            }
        }
    }
    static std::pair<std::string, std::string> moment_of(const std::string& study) {
        const int number = std::stoi(study);
        if (number == 0) return {};
        return {"2024010" + std::to_string(number % 4 + 1), number % 3 == 0 ? "" : "080000"};
    }

    ImageSetQuery::Times some_times() {
        // The newest may be after the clock's time, and the first before all.
        const auto pick = [&] {
            return clock_.now() - std::chrono::seconds(static_cast<int>(below(40)) - 4);
        };
        ImageSetQuery::Times times;
        if (one_in(2)) times.from = pick();
        if (one_in(2)) times.to = pick();
        return times;
    }
    std::optional<ImageSetQuery::Moment> some_moment() {
        if (!one_in(3)) return std::nullopt;
        return ImageSetQuery::Moment{"2024010" + std::to_string(below(6)),
                                     one_in(2) ? "" : "080000"};
    }
    ImageSetQuery some_query() {
        ImageSetQuery query;
        if (one_in(4)) query.patient_id = "P" + std::to_string(below(4));
        if (one_in(8)) query.study_instance_uid = "1.2." + std::to_string(below(kStudies));
        if (one_in(3)) query.is_primary = !one_in(3);
        if (one_in(2)) query.created = some_times();
        if (one_in(2)) query.updated = some_times();
        query.studied_from = some_moment();
        query.studied_to = some_moment();
        query.order = static_cast<Order>(below(3));
        query.direction = static_cast<Direction>(below(2));
        query.limit = 1 + below(9);
        return query;
    }

    static bool is_in(Time time, const ImageSetQuery::Times& times) {
        return time >= times.from && time <= times.to;
    }
    static bool is_found(const ImageSetHit& hit, const ImageSetQuery& query) {
        const auto& study = hit.study;
        const std::string moment = study.study_date + study.study_time;
        const auto& [from, to] = std::tie(query.studied_from, query.studied_to);
        return (!query.patient_id || hit.patient.patient_id == *query.patient_id) &&
               (!query.study_instance_uid ||
                study.study_instance_uid == *query.study_instance_uid) &&
               (!query.is_primary || hit.image_set.is_primary == *query.is_primary) &&
               is_in(hit.image_set.created, query.created) &&
               is_in(hit.image_set.updated, query.updated) &&
               (moment.empty()
                    ? !from && !to
                    : (!from || moment >= from->date + from->time) &&
                          (!to || moment <= to->date + (to->time.empty() ? "9" : to->time)));
    }
    static bool is_before(const ImageSetHit& a, const ImageSetHit& b,
                          const ImageSetQuery& query) {
        const auto key = [&](const ImageSetHit& hit) {
            const bool by_date = query.order == Order::StudyDateAndTime;
            const Time time = by_date                         ? Time{}
                              : query.order == Order::Created ? hit.image_set.created
                                                              : hit.image_set.updated;
            return std::tuple(by_date ? hit.study.study_date : "",
                              by_date ? hit.study.study_time : "", time,
                              number_of(hit.image_set.row));
        };
        return query.direction == Direction::Ascending ? key(a) < key(b) : key(b) < key(a);
    }
    std::vector<std::int64_t> expected(const ImageSetQuery& query) const {
        std::vector<ImageSetHit> found;
        std::ranges::copy_if(all_, std::back_inserter(found),
                             [&](const auto& hit) { return is_found(hit, query); });
        std::ranges::sort(found,
                          [&](const auto& a, const auto& b) { return is_before(a, b, query); });
        return numbers_of(found);
    }
    static std::vector<std::int64_t> numbers_of(const std::vector<ImageSetHit>& hits) {
        std::vector<std::int64_t> numbers;
        for (const auto& hit : hits) numbers.push_back(number_of(hit.image_set.row));
        return numbers;
    }

    std::vector<std::int64_t> page_by_page(ImageSetQuery query) {
        std::vector<std::int64_t> all;
        for (;;) {
            const auto page = search(query);
            for (const auto number : numbers_of(page.items)) all.push_back(number);
            if (!page.more || page.items.empty()) return all;
            query.after = page.items.back().position(query.order);
        }
    }

    std::mt19937 random_{20241201};
    std::vector<ImageSetHit> all_;  ///< not deleted
};

TEST_P(ImageSetSearchModel, APageHasWhatAModelFindsWhicheverRowsAreLookedAtFirst) {
    fill();
    ASSERT_GT(all_.size(), 20U);
    std::size_t more_than_a_page = 0;
    for (int step = 0; step < 150; ++step) {
        const ImageSetQuery query = some_query();
        const auto whole = expected(query);
        ASSERT_EQ(page_by_page(query), whole) << "query " << step;

        const auto page = static_cast<std::ptrdiff_t>(std::min(query.limit + 1, whole.size()));
        const std::vector first_page(whole.begin(), whole.begin() + page);
        auto plans = narrowing_rows(query);
        plans.push_back(FirstRows::InOrder);
        for (const FirstRows first : plans) {
            ASSERT_EQ(rows_of(query, first), first_page)
                << "query " << step << ", plan " << static_cast<int>(first);
        }
        if (whole.size() > query.limit) ++more_than_a_page;
    }
    EXPECT_GT(more_than_a_page, 25U);
}

LARMOR_EACH_DRIVER(ImageSetSearchModel);

}  // namespace
}  // namespace larmor::catalog
