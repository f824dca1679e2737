#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "index/mysql/mysql_target.h"
#include "index/mysql/tests/mariadb_server.h"
#include "index/tests/given.h"

namespace larmor::index {

inline void PrintTo(const Drift& drift, std::ostream* out) {
    *out << drift.study_instance_uid << ' ' << drift.table << ": " << drift.missing
         << " missing, " << drift.extra << " extra, " << drift.different << " different";
}

}  // namespace larmor::index

namespace larmor::index::mysql::testing {

using index::testing::file_of;
using index::testing::Given;
using index::testing::history;
using index::testing::must_be;

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
        must_be(
            connection_->run_script("DELETE FROM larmor_applied; DELETE FROM conflict;"
                                    " DELETE FROM tag; DELETE FROM patient;"
                                    " DELETE FROM imagetype; DELETE FROM importjob;"
                                    " DELETE FROM issuer WHERE description IS NULL;"));
    }

    void open(const ConnectionSettings& settings) {
        target_ = make_mysql_target({.connection = settings});
        wanted_ = must_be(target_->wanted());
        connection_ = must_be(Connection::open(settings));
        settings_ = settings;
    }

    static void set(Values& values, const std::vector<dicom::Tag>& of, dicom::Tag tag,
                    const std::string& text) {
        ASSERT_NE(std::ranges::find(of, tag), of.end());
        index::testing::set(values, of, tag, text);
    }

    ImageSetDocument document(const Given& given) const {
        return index::testing::document(given, wanted_);
    }

    Target::Applied apply(const Given& given) {
        return must_be(target_->apply(document(given)));
    }

    /// All rows as text, NULL where there is none.
    std::vector<std::string> rows(const std::string& sql) {
        return index::testing::lines_of(must_be(connection_->rows(sql)));
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
