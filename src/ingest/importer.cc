#include "ingest/importer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "async/slots.h"
#include "base/ids.h"
#include "dicom/file.h"
#include "ingest/import_metrics.h"
#include "ingest/resolve.h"
#include "ingest/scan.h"
#include "ingest/turns.h"
#include "observe/log.h"

namespace larmor::ingest {
namespace {

/// How often a decision is made anew because another process stored the same SOP Instance UID
/// meanwhile; this process's arrivals take turns.
constexpr int kDecisionsMax = 8;

ImportResult result_of(const catalog::InstanceRecord& record) {
    ImportResult result;
    result.study_instance_uid = record.study.study_instance_uid;
    result.series_instance_uid = record.series.series_instance_uid;
    result.sop_class_uid = record.instance.sop_class_uid;
    result.sop_instance_uid = record.instance.sop_instance_uid;
    result.size_bytes = record.file.size_bytes;
    return result;
}

std::string key_of(const catalog::InstanceRecord& record, const Sha256& hash) {
    std::string key = "instances/";
    key.append(record.study.study_instance_uid).append("/");
    key.append(record.series.series_instance_uid).append("/");
    key.append(record.instance.sop_instance_uid).append("/");
    return key.append(to_hex(hash)).append(".dcm");
}

Result<void> check_promise(const ImportOptions& options,
                           const catalog::InstanceRecord& record) {
    const std::string& study = record.study.study_instance_uid;
    if (!options.study_instance_uid.empty() && options.study_instance_uid != study) {
        return fail(ErrorCode::InvalidInput, "the instance is of study " + study +
                                                 ", the request is for study " +
                                                 options.study_instance_uid);
    }
    const auto& instance = record.instance;
    if (!options.sop_class_uid.empty() && options.sop_class_uid != instance.sop_class_uid) {
        return fail(ErrorCode::Conflict,
                    "the data set is of another SOP class than was announced");
    }
    if (!options.sop_instance_uid.empty() &&
        options.sop_instance_uid != instance.sop_instance_uid) {
        return fail(ErrorCode::Conflict, "the data set is another instance than was announced");
    }
    return {};
}

/// An arrival between being read and being stored: its bytes, and how to make them durable.
class Arrival {
public:
    virtual ~Arrival() = default;
    /// Called at most once.
    virtual async::Task<Result<objects::StagedObject>> stage() = 0;
    /// Lets go of what lies in the store already and will not be recorded.
    virtual async::Task<void> drop() = 0;
    /// Fixed before `stage`; valid as long as this.
    virtual const dicom::File& file() const = 0;

    catalog::InstanceRecord record;
};

class SmallArrival final : public Arrival {
public:
    SmallArrival(objects::ObjectStore& store, admission::Admission& admission, Bytes bytes)
        : store_(store), admission_(admission), bytes_(bytes) {}

    Result<void> read(const ImportOptions& options) {
        record.file.size_bytes = bytes_.size();
        TRY(file_, dicom::open_file(bytes_));
        TRY_VOID(scan(file_, record));
        TRY_VOID(check_promise(options, record));
        record.file.sha256 = sha256(bytes_);
        return {};
    }
    async::Task<Result<objects::StagedObject>> stage() override {
        CO_TRY_VOID(admission_.admit(bytes_.size()));
        objects::StageRequest request;
        request.key = key_of(record, record.file.sha256);
        request.body.push_back(bytes_);
        request.sha256 = record.file.sha256;
        co_return co_await store_.stage(std::move(request));
    }
    async::Task<void> drop() override { co_return; }
    const dicom::File& file() const override { return file_; }

private:
    objects::ObjectStore& store_;
    admission::Admission& admission_;
    Bytes bytes_;
    dicom::File file_;
};

/// Its bytes lie in the store's incoming file already; `finish` of the upload makes them
/// durable.
class LargeArrival final : public Arrival {
public:
    LargeArrival(objects::ObjectStore& store, async::WorkerPool& pool,
                 std::unique_ptr<objects::Upload> upload)
        : store_(store), pool_(pool), upload_(std::move(upload)) {}

    /// Blocks.
    Result<void> read(const ImportOptions& options) {
        record.file.size_bytes = upload_->size_bytes();
        TRY(mapping_, upload_->map());
        TRY(file_, dicom::open_file(mapping_.bytes()));
        TRY_VOID(scan(file_, record));
        return check_promise(options, record);
    }
    /// The hash is known only when the upload is finished, so decisions come after it. Blocks.
    Result<void> finish() {
        TRY(staged_,
            upload_->finish([this](const Sha256& hash) { return key_of(record, hash); }));
        record.file.sha256 = staged_.location.sha256;
        return {};
    }
    async::Task<Result<objects::StagedObject>> stage() override { co_return staged_; }
    async::Task<void> drop() override {
        const auto dropped = co_await pool_.run(
            async::Priority::Normal, [&] { return store_.drop(staged_); },
            async::WhenFull::Wait);
        if (!dropped) {
            observe::log_warning("what was not stored stays until the next start",
                                 {{"reason", dropped.error().message}});
        }
    }
    const dicom::File& file() const override { return file_; }

private:
    objects::ObjectStore& store_;
    async::WorkerPool& pool_;
    std::unique_ptr<objects::Upload> upload_;
    MappedFile mapping_;
    dicom::File file_;
    objects::StagedObject staged_;
};

}  // namespace

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::Stored:
            return "stored";
        case Outcome::Duplicate:
            return "duplicate";
        case Outcome::Alternate:
            return "alternate";
        case Outcome::Conflict:
            return "conflict";
        case Outcome::Rejected:
            return "rejected";
    }
    return "unknown";
}

struct Importer::Core {
    Services services;
    Limits limits;
    Turns turns;            ///< by SOP Instance UID
    async::Slots readings;  ///< parsing and hashing: not more of it than processors

    Core(Services given, Limits bounds)
        : services(std::move(given)), limits(bounds), readings(readings_max()) {
        show_readings_max(readings_max());
    }
    static std::size_t readings_max() {
        return std::max(1U, std::thread::hardware_concurrency());
    }

    async::Task<ImportResult> store_small(Bytes bytes, ImportOptions options) {
        const auto start = std::chrono::steady_clock::now();
        SmallArrival arrival(services.store, services.admission, bytes);
        if (auto read = co_await read_in_turn(arrival, options); !read) {
            co_return reject(arrival.record, std::move(read).error(), start);
        }
        co_return co_await store(arrival, start);
    }

    /// After whoever on this thread waits for an answer, and in the bounded share of all
    /// arrivals on all threads.
    async::Task<Result<void>> read_in_turn(SmallArrival& arrival,
                                           const ImportOptions& options) {
        CountedReading counted;
        co_await async::after_others();
        const auto slot = co_await readings.take();
        counted.begin();
        co_return arrival.read(options);
    }

    /// Everything after an arrival was read: duplicates, staging, rows.
    async::Task<ImportResult> store(Arrival& arrival,
                                    std::chrono::steady_clock::time_point start) {
        Result<ImportResult> stored = co_await try_store(arrival);
        // Not after an error: its commit may turn out to have happened, and its row then needs
        // the bytes. Their intent says to the next start what became of them.
        if (stored && stored->outcome == Outcome::Duplicate) co_await arrival.drop();
        if (!stored) co_return reject(arrival.record, std::move(stored).error(), start);
        count_import(*stored, std::chrono::steady_clock::now() - start);
        co_return *std::move(stored);
    }
    static ImportResult reject(const catalog::InstanceRecord& record, Error error,
                               std::chrono::steady_clock::time_point start) {
        ImportResult result = result_of(record);
        result.error = std::move(error);
        count_import(result, std::chrono::steady_clock::now() - start);
        return result;
    }

private:
    async::Task<Result<ImportResult>> try_store(Arrival& arrival) {
        const Turns::Turn turn = co_await turns.take(arrival.record.instance.sop_instance_uid);
        CO_TRY(Known known, look_up(arrival.record));
        std::optional<objects::StagedObject> staged;
        for (int attempt = 0; attempt < kDecisionsMax; ++attempt) {
            Verdict verdict;
            if (!known.empty()) {
                CO_TRY(verdict, co_await services.pool.run(
                                    async::Priority::Normal,
                                    [&]() -> Result<Verdict> {
                                        return resolve(services.store, known, arrival.record,
                                                       arrival.file());
                                    },
                                    async::WhenFull::Wait));
                if (verdict.kind == Verdict::Kind::Duplicate) {
                    ImportResult result = result_of(arrival.record);
                    result.outcome = Outcome::Duplicate;
                    co_return result;
                }
            }
            if (!staged) {
                CO_TRY(staged, co_await arrival.stage());
            }
            bool changed = false;
            auto result = co_await services.database.write([&](db::Transaction& tx) {
                return write(tx, arrival.record, *staged, known, verdict, changed);
            });
            if (!changed) {
                co_return result;
            }
            CO_TRY(known, look_up(arrival.record));
        }
        co_return fail(ErrorCode::Unavailable,
                       "the same SOP Instance UID is being stored by others: try again");
    }

    Result<Known> look_up(const catalog::InstanceRecord& record) {
        return services.database.read([&](db::Snapshot& snapshot) {
            return find_known(services.catalog, snapshot, record.instance.sop_instance_uid);
        });
    }

    /// On the writer's thread. Sets `changed`, and fails so that nothing stays written, when
    /// what was known at the decision is no longer what is there.
    Result<ImportResult> write(db::Transaction& tx, catalog::InstanceRecord& record,
                               const objects::StagedObject& staged, const Known& known,
                               Verdict verdict, bool& changed) {
        using Kind = catalog::InsertOutcome::Kind;
        ImportResult result = result_of(record);
        changed = false;  // it may run again
        if (!known.empty()) {
            TRY(const Known now,
                find_known(services.catalog, tx, record.instance.sop_instance_uid));
            changed = !now.same_as(known);
        }
        TRY(record.file.object, services.store.record(tx, staged));
        if (known.empty()) {
            TRY(const catalog::InsertOutcome inserted,
                services.catalog.insert_instance(tx, record));
            changed = inserted.kind == Kind::Exists;
            result.outcome = Outcome::Stored;
            if (inserted.kind == Kind::StudyOfAnotherPatient) {
                TRY_VOID(insert_conflict(tx, record, result));
            }
        } else if (!changed && verdict.kind == Verdict::Kind::Alternate) {
            TRY_VOID(services.catalog.insert_alternate(tx, verdict.of, record.file));
            result.outcome = Outcome::Alternate;
        } else if (!changed) {
            TRY_VOID(insert_conflict(tx, record, result));
        }
        if (changed)
            return fail(ErrorCode::Conflict,
                        "the instance was stored by somebody else meanwhile");
        return result;
    }

    Result<void> insert_conflict(db::Transaction& tx, const catalog::InstanceRecord& record,
                                 ImportResult& result) {
        TRY(const catalog::InsertOutcome inserted,
            services.catalog.insert_instance(tx, record, catalog::Placement::NonPrimary));
        TRY(const catalog::ImageSet image_set,
            services.catalog.find_image_set(tx, inserted.image_set));
        result.outcome = Outcome::Conflict;
        result.image_set_id = image_set.id;
        return {};
    }
};

class Importer::Stream final : public ImportStream {
public:
    Stream(Core& core, ImportOptions options) : core_(core), options_(std::move(options)) {}

    async::Task<Result<void>> write(Bytes piece) override {
        if (piece.size() > core_.limits.instance_max_bytes - size_bytes_) {
            co_return fail(ErrorCode::LimitExceeded,
                           "the instance has more than " +
                               std::to_string(core_.limits.instance_max_bytes) + " bytes");
        }
        size_bytes_ += piece.size();
        if (!upload_ && size_bytes_ <= core_.services.store.small_max_bytes()) {
            small_.insert(small_.end(), piece.begin(), piece.end());
            co_return Result<void>();
        }
        co_return co_await core_.services.pool.run(
            async::Priority::Normal, [&] { return write_large(piece); }, async::WhenFull::Wait);
    }

    async::Task<ImportResult> finish() override {
        const auto start = std::chrono::steady_clock::now();
        if (!upload_) co_return co_await core_.store_small(small_, options_);
        LargeArrival arrival(core_.services.store, core_.services.pool, std::move(upload_));
        auto read = co_await core_.services.pool.run(
            async::Priority::Normal,
            [&]() -> Result<void> {
                TRY_VOID(arrival.read(options_));
                return arrival.finish();
            },
            async::WhenFull::Wait);
        if (!read) co_return Core::reject(arrival.record, std::move(read).error(), start);
        co_return co_await core_.store(arrival, start);
    }

private:
    Result<void> write_large(Bytes piece) {
        TRY_VOID(core_.services.admission.admit(piece.size() + small_.size()));
        if (!upload_) {
            TRY(upload_, core_.services.store.begin_upload("incoming/" + random_id()));
            TRY_VOID(upload_->write(small_));
            small_ = {};
        }
        return upload_->write(piece);
    }

    Core& core_;
    ImportOptions options_;
    ByteBuffer small_;
    std::uint64_t size_bytes_ = 0;
    std::unique_ptr<objects::Upload> upload_;
};

Importer::Importer(Services services) : Importer(std::move(services), Limits{}) {}
Importer::Importer(Services services, Limits limits)
    : core_(std::make_unique<Core>(std::move(services), limits)) {}
Importer::~Importer() = default;

async::Task<ImportResult> Importer::import_bytes(Bytes bytes, ImportOptions options) {
    if (bytes.size() > core_->services.store.small_max_bytes()) {
        const auto stream = begin(std::move(options));
        if (auto written = co_await stream->write(bytes); !written) {
            co_return Core::reject({}, std::move(written).error(),
                                   std::chrono::steady_clock::now());
        }
        co_return co_await stream->finish();
    }
    co_return co_await core_->store_small(bytes, std::move(options));
}

std::unique_ptr<ImportStream> Importer::begin(ImportOptions options) {
    return std::make_unique<Stream>(*core_, std::move(options));
}

}  // namespace larmor::ingest
