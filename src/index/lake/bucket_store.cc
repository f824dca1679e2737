#include <fcntl.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "async/at_once.h"
#include "base/file.h"
#include "index/lake/store.h"
#include "objects/s3/client.h"

namespace larmor::index::lake {
namespace {

namespace fs = std::filesystem;
namespace s3 = objects::s3;

constexpr std::size_t kObjectMaxBytes = std::size_t{256} << 20;
constexpr std::size_t kPieceBytes = 1 << 20;
/// Of copies here: what is read again and again, as files are merged.
constexpr std::uint64_t kCopiesMaxBytes = std::uint64_t{2} << 30;

class BucketStore final : public Store {
public:
    BucketStore(std::unique_ptr<s3::Client> client, const s3::Address& address, fs::path folder)
        : client_(std::move(client)),
          prefix_(address.as_prefix()),
          root_("s3://" + address.bucket + "/" + prefix_),
          folder_(std::move(folder)) {}

    Result<fs::path> readable(const std::string& name) override {
        fs::path path = folder_ / name;
        std::error_code error;
        if (fs::exists(path, error)) return path;
        TRY_VOID(make_folder(path.parent_path()));
        // Whole before it has its name: a copy that broke off is none.
        const fs::path part = path.string() + ".part";
        TRY_VOID(fetch(name, part));
        fs::rename(part, path, error);
        if (error) return system_failure("name " + path.string(), error.value());
        return path;
    }

    Result<fs::path> writable(const std::string& name) override {
        fs::path path = folder_ / name;
        TRY_VOID(make_folder(path.parent_path()));
        return path;
    }

    Result<std::vector<std::int64_t>> keep(const std::vector<std::string>& names) override {
        std::vector<std::int64_t> sizes(names.size());
        TRY_VOID(async::at_once(names.size(), [&](std::size_t i) -> Result<void> {
            TRY(sizes[i], send(names[i]));
            return {};
        }));
        return sizes;
    }

    Result<std::string> get(const std::string& name) override {
        TRY(const auto bytes, client_->get_all(prefix_ + name, {}, kObjectMaxBytes));
        return std::string(as_text(bytes));
    }
    Result<void> put_new(const std::string& name, std::string_view text) override {
        s3::PutOptions options;
        options.if_absent = s3::IfAbsent::Yes;
        return client_->put(prefix_ + name, as_bytes(text), options).map([](const auto&) {});
    }
    Result<void> put(const std::string& name, std::string_view text) override {
        return client_->put(prefix_ + name, as_bytes(text), {}).map([](const auto&) {});
    }

    Result<std::vector<std::string>> list(const std::string& prefix) override {
        std::vector<std::string> names;
        s3::ListOptions options;
        options.prefix = prefix_ + prefix;
        do {
            TRY(auto page, client_->list(options));
            for (const auto& object : page.objects) {
                names.push_back(object.key.substr(prefix_.size()));
            }
            options.token = std::move(page.next);
        } while (!options.token.empty());
        return names;
    }

    Result<void> remove(const std::vector<std::string>& names) override {
        std::vector<std::string> keys;
        for (const auto& name : names) {
            keys.push_back(prefix_ + name);
            std::error_code error;
            fs::remove(folder_ / name, error);
        }
        if (keys.empty()) return {};
        TRY(const auto failed, client_->remove_many(keys));
        if (failed.empty()) return {};
        return tl::unexpected(failed.front().error);
    }

    Result<void> probe() override {
        s3::ListOptions options;
        options.prefix = prefix_;
        options.keys_max = 1;
        return client_->list(options).map([](const auto&) {});
    }

    void forget_copies() override {
        struct Copy {
            fs::file_time_type time;
            std::uint64_t bytes;
            fs::path path;
        };
        std::vector<Copy> copies;
        std::uint64_t total = 0;
        std::error_code error;
        for (fs::recursive_directory_iterator at(folder_, error), end; !error && at != end;
             at.increment(error)) {
            if (!at->is_regular_file(error)) continue;
            copies.push_back({at->last_write_time(error), at->file_size(error), at->path()});
            total += copies.back().bytes;
        }
        std::ranges::sort(copies, {}, &Copy::time);
        for (const auto& copy : copies) {
            if (total <= kCopiesMaxBytes) return;
            fs::remove(copy.path, error);
            total -= copy.bytes;
        }
    }
    Result<void> forget_changed() override {
        std::map<std::string, std::string> copied;
        {
            const std::lock_guard lock(etags_mutex_);
            copied = etags_;
        }
        if (copied.empty()) return {};
        s3::ListOptions options;
        options.prefix = prefix_;
        do {
            TRY(auto page, client_->list(options));
            for (const auto& object : page.objects) {
                const auto at = copied.find(object.key.substr(prefix_.size()));
                if (at != copied.end() && at->second == object.etag) copied.erase(at);
            }
            options.token = std::move(page.next);
        } while (!options.token.empty());
        const std::lock_guard lock(etags_mutex_);
        for (const auto& [name, etag] : copied) {
            std::error_code error;
            fs::remove(folder_ / name, error);
            etags_.erase(name);
        }
        return {};
    }
    Result<UniqueFd> lock() override { return UniqueFd(); }
    std::string root() const override { return root_; }

private:
    static Result<void> make_folder(const fs::path& path) {
        std::error_code error;
        fs::create_directories(path, error);
        if (error) return system_failure("make " + path.string(), error.value());
        return {};
    }

    Result<void> fetch(const std::string& name, const fs::path& to) {
        TRY(const auto file, open_file(to, O_WRONLY | O_CREAT | O_TRUNC));
        TRY(auto stored, client_->get(prefix_ + name, {},
                                      [&](Bytes piece) { return write_all(file, piece); }));
        note(name, std::move(stored.etag));
        return {};
    }

    void note(const std::string& name, std::string etag) {
        const std::lock_guard lock(etags_mutex_);
        etags_[name] = std::move(etag);
    }

    Result<std::int64_t> send(const std::string& name) {
        TRY(const auto file, open_file(folder_ / name, O_RDONLY));
        const auto put = client_->begin_put(prefix_ + name, {});
        std::vector<std::byte> piece(kPieceBytes);
        for (;;) {
            TRY(const std::size_t count, read_some(file, piece));
            if (count == 0) break;
            TRY_VOID(put->write(Bytes(piece).first(count)));
        }
        TRY(auto stored, put->finish());
        note(name, std::move(stored.etag));
        return static_cast<std::int64_t>(put->size_bytes());
    }

    const std::unique_ptr<s3::Client> client_;
    const std::string prefix_;
    const std::string root_;
    const fs::path folder_;
    std::mutex etags_mutex_;
    std::map<std::string, std::string> etags_;  ///< of files that copies were made of
};

}  // namespace

Result<std::unique_ptr<Store>> open_bucket(const s3::Address& address, const fs::path& copies) {
    TRY(auto options, s3::client_options(address, s3::environment_variable));
    TRY(auto client, s3::Client::open(std::move(options)));
    return std::make_unique<BucketStore>(std::move(client), address, copies);
}

}  // namespace larmor::index::lake
