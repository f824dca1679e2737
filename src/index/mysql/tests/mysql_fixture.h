#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/hash.h"
#include "dicom/tags.h"
#include "index/mysql/mysql_target.h"
#include "index/mysql/tests/mariadb_server.h"

namespace larmor::index {

inline void PrintTo(const Drift& drift, std::ostream* out) {
    *out << drift.study_instance_uid << ' ' << drift.table << ": " << drift.missing
         << " missing, " << drift.extra << " extra, " << drift.different << " different";
}

}  // namespace larmor::index

namespace larmor::index::mysql::testing {

template <typename T>
T must_be(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return *std::move(result);
}

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
    std::string series = "1.2.1.1";
    std::vector<std::string> instances = {"1.2.1.1.1", "1.2.1.1.2"};
    std::string image_type = "ORIGINAL\\PRIMARY";
    catalog::Tags labels{};
    std::uint32_t frames = 1;  ///< of each instance
};

/// A database of a real server, with its tables, and documents for it.
class MysqlTargetTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto* const server = MariadbServer::shared();
        if (server == nullptr) GTEST_SKIP() << "MariaDB is not installed";
        // Tables cost half a second to make: those who change them make their own.
        static const ConnectionSettings kShared = server->make_database();
        open(kShared);
        empty();
    }

    void empty() {
        must_be(connection_
                    ->run_script("DELETE FROM larmor_applied; DELETE FROM conflict;"
                                 " DELETE FROM tag; DELETE FROM patient;"
                                 " DELETE FROM imagetype; DELETE FROM importjob;"
                                 " DELETE FROM issuer WHERE description IS NULL;")
                    .map([] { return 0; }));
    }

    void open(const ConnectionSettings& settings) {
        target_ = make_mysql_target({.connection = settings});
        wanted_ = must_be(target_->wanted());
        connection_ = must_be(Connection::open(settings));
        settings_ = settings;
    }

    static void set(Values& values, const std::vector<dicom::Tag>& of, dicom::Tag tag,
                    const std::string& text) {
        const auto at = std::ranges::find(of, tag);
        ASSERT_NE(at, of.end());
        values[static_cast<std::size_t>(at - of.begin())] = text;
    }

    ImageSetDocument document(const Given& given) const {
        ImageSetDocument made;
        made.wanted = wanted_;
        made.datastore_id = std::string(32, 'd');
        made.image_set_id = given.id;
        made.version = given.version;
        made.is_primary = given.is_primary;
        made.is_deleted = given.is_deleted;
        made.as_of = {.epoch = 1, .sequence = given.sequence};
        made.study_instance_uid = given.study;
        made.series_instance_uid = given.series;
        made.patient_id = given.patient_id;
        made.patient.resize(wanted_.at(Level::Patient).size());
        made.study.resize(wanted_.at(Level::Study).size());
        made.series.resize(wanted_.at(Level::Series).size());
        set(made.patient, wanted_.at(Level::Patient), dicom::tags::PatientName,
            given.patient_name);
        set(made.study, wanted_.at(Level::Study), dicom::tags::StudyTime, "072730.5");
        set(made.series, wanted_.at(Level::Series), dicom::tags::Modality, "CT");
        if (!given.is_deleted) made.labels = given.labels;
        int number = 0;
        for (const auto& uid : given.instances) {
            Values values(wanted_.at(Level::Instance).size());
            set(values, wanted_.at(Level::Instance), dicom::tags::InstanceNumber,
                std::to_string(++number));
            set(values, wanted_.at(Level::Instance), dicom::tags::WindowCenter,
                "00040.0000000000\\0400");
            set(values, wanted_.at(Level::Instance), dicom::tags::ImageType, given.image_type);
            made.instances.push_back({.sop_instance_uid = uid,
                                      .file = file_of(uid),
                                      .frames = given.frames,
                                      .values = std::move(values)});
        }
        return made;
    }

    /// Of each UID another one.
    static objects::ObjectId file_of(const std::string& uid) {
        return objects::ObjectId{static_cast<std::int64_t>(xxh3(as_bytes(uid)) >> 2) + 1};
    }

    Target::Applied apply(const Given& given) {
        return must_be(target_->apply(document(given)));
    }

    /// All rows as text, NULL where there is none.
    std::vector<std::string> rows(const std::string& sql) {
        std::vector<std::string> lines;
        for (const auto& row : must_be(connection_->rows(sql))) {
            std::string line;
            for (const auto& value : row) {
                if (!line.empty()) line += ' ';
                line += value.value_or("NULL");
            }
            lines.push_back(line);
        }
        return lines;
    }

    /// What anybody can see, without numbers of rows.
    std::vector<std::string> everything() {
        std::vector<std::string> all;
        for (const char* sql :
             {"SELECT * FROM full_series_view ORDER BY seriesinstanceuid",
              "SELECT * FROM full_study_view ORDER BY studyinstanceuid",
              "SELECT m.imagesetid, s.seriesinstanceuid, i.sopinstanceuid, i.instancenumber"
              " FROM instance i JOIN imageset m ON m.imageset_pkey = i.imageset_pkey"
              " JOIN series s ON s.series_pkey = i.series_pkey ORDER BY i.sopinstanceuid",
              "SELECT m.imagesetid FROM conflict c JOIN imageset m"
              " ON m.imageset_pkey = c.imageset_pkey ORDER BY 1",
              "SELECT patientid FROM patient ORDER BY 1",
              "SELECT i.sopinstanceuid, f.framenumber, f.frameid, m.imagesetid FROM frame f"
              " JOIN instance i ON i.instance_pkey = f.instance_pkey"
              " JOIN imageset m ON m.imageset_pkey = f.imageset_pkey ORDER BY 1, 2",
              "SELECT m.imagesetid, s.seriesinstanceuid, t.`key`, t.value, t.description"
              " FROM tag t JOIN imageset m ON m.imageset_pkey = t.imageset_pkey"
              " JOIN series s ON s.series_pkey = t.series_pkey ORDER BY 1, 3",
              "SELECT x.type, m.imagesetid FROM imagetype x LEFT JOIN larmor_imagetype l"
              " ON l.imagetype_pkey = x.imagetype_pkey LEFT JOIN imageset m"
              " ON m.imageset_pkey = l.imageset_pkey ORDER BY 1, 2",
              "SELECT ahijobid, ahijobstatus, logicalstatus, sourceprefix, manifestprefix,"
              " submittedat, startedat, completedat FROM importjob ORDER BY 1"}) {
            for (auto& line : rows(sql)) all.push_back(std::move(line));
        }
        return all;
    }

    ConnectionSettings settings_;
    std::unique_ptr<Target> target_;
    std::unique_ptr<Connection> connection_;
    Wanted wanted_;
};

}  // namespace larmor::index::mysql::testing
