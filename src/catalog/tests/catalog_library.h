#pragma once
#include "catalog/catalog.h"
#include "db/tests/each_driver.h"
#include "objects/migrations.h"

namespace larmor::catalog::testing {

using db::testing::must;

/// A catalog in a library of its own, of either database. Objects are numbers here: nobody
/// reads their bytes.
class CatalogTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (!IsSkipped()) open();
    }
    void open() {
        catalog_.reset();
        log_.reset();
        database_.reset();
        database_ = library_.open();
        must(database_->migrate(
            std::array{objects::migrations(), events::migrations(), migrations()}));
        log_ = must(events::EventLog::open(*database_, clock_));
        log_->start_numbering();
        catalog_ =
            must(Catalog::open(*database_, *log_, {.clock = &clock_, .conflicts_max = 5}));
    }

    static InstanceRecord record(std::string study = "1.2", std::string series = "1.2.1",
                                 std::string instance = "1.2.1.1") {
        InstanceRecord record;
        record.patient = {.patient_id = "P1",
                          .issuer_of_patient_id = "H",
                          .patient_name = "Doe^Jane",
                          .patient_birth_date = "19700102",
                          .patient_sex = "F"};
        record.study = {.study_instance_uid = std::move(study),
                        .study_date = "20260102",
                        .study_time = "101500",
                        .accession_number = "A1",
                        .referring_physician_name = "House^Gregory",
                        .study_id = "S1",
                        .study_description = "Head",
                        .timezone_offset_from_utc = "+0100"};
        record.series.series_instance_uid = std::move(series);
        record.series.modality = "CT";
        record.series.series_number = 3;
        record.series.series_description = "thin";
        record.instance = {.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                           .sop_instance_uid = std::move(instance),
                           .instance_number = 1,
                           .number_of_frames = std::nullopt,
                           .rows = 512,
                           .columns = 256,
                           .bits_allocated = 16};
        record.file.object = objects::ObjectId{77};
        record.file.transfer_syntax_uid = "1.2.840.10008.1.2.1";
        record.file.size_bytes = 39'000;
        record.file.sha256 = sha256(as_bytes(record.instance.sop_instance_uid));
        return record;
    }

    InsertOutcome insert(const InstanceRecord& record,
                         Placement placement = Placement::Primary) {
        return must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->insert_instance(tx, record, placement);
        }));
    }
    template <typename F>
    auto read(F f) {
        return must(database_->read(f));
    }
    std::vector<events::StoredEvent> all_events() {
        must(log_->number_committed());
        return read([](db::Snapshot& snapshot) {
            return events::EventLog::read_after(snapshot, 0, 1000);
        });
    }
    StoredStudy study(std::string_view uid = "1.2") {
        return read([&](db::Snapshot& s) { return catalog_->find_study(s, uid); });
    }
    StoredSeries series(std::string_view uid = "1.2.1", std::string_view study_uid = "1.2") {
        return read([&](db::Snapshot& s) { return catalog_->find_series(s, study_uid, uid); });
    }
    Catalog::Totals totals() {
        return read([&](db::Snapshot& s) { return catalog_->totals(s); });
    }

    ManualClock clock_{Time(std::chrono::seconds(1'767'225'600))};  // 2026-01-01
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<events::EventLog> log_;
    std::unique_ptr<Catalog> catalog_;
};

}  // namespace larmor::catalog::testing
