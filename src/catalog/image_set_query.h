#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/records.h"

namespace larmor::catalog {

/// What to look for among image sets: all of it must hold. Values match exactly and are those
/// of the study and series as searches find them, edits included.
struct ImageSetQuery {
    std::optional<std::string> patient_id{};
    std::optional<std::string> accession_number{};
    std::optional<std::string> study_id{};
    std::optional<std::string> study_instance_uid{};
    std::optional<std::string> series_instance_uid{};
    std::optional<bool> is_primary{};
    /// Both ends count.
    struct Times {
        Time from = Time::min();
        Time to = Time::max();
    };
    Times created{};
    Times updated{};
    /// A date as YYYYMMDD and a time as TM has it; a time that is absent or shortened is the
    /// first such moment in `from`, the last in `to`. Nothing: also those without a date.
    struct Moment {
        std::string date;
        std::string time;
    };
    std::optional<Moment> studied_from{};
    std::optional<Moment> studied_to{};

    enum class Order : std::uint8_t { Updated, Created, StudyDateAndTime };
    Order order = Order::Updated;
    enum class Direction : std::uint8_t { Ascending, Descending };
    Direction direction = Direction::Descending;
    /// The last of the page before, which may have been deleted since (but not removed for
    /// good).
    struct Position {
        std::int64_t key = 0;  ///< of Updated and Created: microseconds
        ImageSetRow row{};
    };
    std::optional<Position> after{};
    std::size_t limit = 50;
};

struct ImageSetHit {
    ImageSet image_set;
    PatientAttributes patient;
    StudyAttributes study;
    SeriesAttributes series;  ///< without its requests
    std::int64_t number_of_study_related_series = 0;
    std::int64_t number_of_study_related_instances = 0;

    ImageSetQuery::Position position(ImageSetQuery::Order order) const;
};

}  // namespace larmor::catalog
