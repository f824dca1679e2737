#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "db/database.h"
#include "objects/object_store.h"

namespace larmor::objects {

/// A store with its database, as a driver's test program makes it.
class StoreUnderTest {
public:
    virtual ~StoreUnderTest() = default;
    virtual ObjectStore& store() = 0;
    virtual db::Database& database() = 0;
    /// Moves the store's clock.
    virtual void let_pass(std::chrono::microseconds time) = 0;
    virtual std::chrono::microseconds grace() const = 0;
    /// Closes and opens again, as after a restart.
    virtual void reopen() = 0;
};

struct StoreFactory {
    std::string name;
    /// Null where the driver can't be tested here.
    std::function<std::unique_ptr<StoreUnderTest>()> make;
    friend void PrintTo(const StoreFactory& factory, std::ostream* out) {
        *out << factory.name;
    }
};

/// Every promise of objects/object_store.h, for every driver.
class ObjectStoreConformance : public ::testing::TestWithParam<StoreFactory> {
protected:
    void SetUp() override {
        under_test_ = GetParam().make();
        if (!under_test_) GTEST_SKIP() << "the server of this driver is not installed";
    }
    ObjectStore& store() { return under_test_->store(); }
    db::Database& database() { return under_test_->database(); }

    Result<StagedObject> stage(std::string key, std::string_view body);
    Result<ObjectId> record(const StagedObject& staged);
    ObjectId put(std::string key, std::string_view body);
    ObjectId upload(std::string key, std::string_view body);
    std::string text_of(ObjectId id);

    std::unique_ptr<StoreUnderTest> under_test_;
};

}  // namespace larmor::objects
