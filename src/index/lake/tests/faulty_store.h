#pragma once
#include <atomic>
#include <cerrno>

#include "base/file.h"
#include "index/lake/store.h"
#include "index/lake/tests/given.h"

namespace larmor::index::lake {

/// A folder whose calls fail from some call on.
class FaultyStore final : public Store {
public:
    enum class Fault : std::uint8_t {
        Killed,   ///< the process is: nothing takes place afterwards
        Full,     ///< the disk is, until there is room: of what can still be done
        Refused,  ///< our keys are, until they are good again: for all that writes
    };
    FaultyStore(const std::filesystem::path& folder, Fault fault, int calls)
        : store_(must_be(open_folder(folder))), fault_(fault), calls_(calls) {}

    /// Calls are good again.
    void make_room() { calls_ = 1'000'000; }

    Result<std::filesystem::path> readable(const std::string& name) override {
        return call(Does::NotWrite, [&] { return store_->readable(name); });
    }
    Result<std::filesystem::path> writable(const std::string& name) override {
        return call(Does::Write, [&] { return store_->writable(name); });
    }
    Result<std::vector<std::int64_t>> keep(const std::vector<std::string>& names) override {
        return call(Does::Write, [&] { return store_->keep(names); });
    }
    Result<std::string> get(const std::string& name) override {
        return call(Does::NotWrite, [&] { return store_->get(name); });
    }
    Result<void> put_new(const std::string& name, std::string_view text) override {
        return call(Does::Write, [&] { return store_->put_new(name, text); });
    }
    Result<void> put(const std::string& name, std::string_view text) override {
        return call(Does::Write, [&] { return store_->put(name, text); });
    }
    Result<std::vector<std::string>> list(const std::string& prefix) override {
        return call(Does::NotWrite, [&] { return store_->list(prefix); });
    }
    Result<void> remove(const std::vector<std::string>& names) override {
        return call(Does::NotWrite, [&] { return store_->remove(names); });
    }
    Result<void> probe() override {
        return call(Does::Write, [&] { return store_->probe(); });
    }
    void forget_copies() override {}
    Result<void> forget_changed() override { return {}; }
    Result<UniqueFd> lock() override { return UniqueFd(); }  // as in S3
    std::string root() const override { return store_->root(); }

private:
    enum class Does : std::uint8_t { Write, NotWrite };
    template <typename F>
    auto call(Does what, F f) -> std::invoke_result_t<F&> {
        if (fault_ != Fault::Killed && what == Does::NotWrite) return f();
        if (calls_-- > 0) return f();
        if (fault_ == Fault::Refused) return fail(ErrorCode::Denied, "refused");
        if (fault_ == Fault::Full) return system_failure("write", ENOSPC);
        return fail(ErrorCode::Unavailable, "killed");
    }

    const std::unique_ptr<Store> store_;
    const Fault fault_;
    std::atomic<int> calls_;
};

}  // namespace larmor::index::lake
