#include "api/dicomweb/zip.h"

#include <algorithm>
#include <deque>

#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/file_set.h"
#include "archive/zip_writer.h"
#include "base/hash.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Response;

/// Files that are made are kept up to this size between their checksum and their bytes; larger
/// ones are made twice.
constexpr std::uint64_t kKeptMaxBytes = std::uint64_t{8} << 20;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

Bytes bytes_of(const std::string& text) {
    return as_bytes(text);
}
Bytes bytes_of(const std::shared_ptr<const std::string>& text) {
    return as_bytes(*text);
}
Bytes bytes_of(const http::SharedBytes& shared) {
    return shared.bytes;
}

Result<std::uint32_t> checksum(const http::FileSlice& slice, std::uint32_t before) {
    ByteBuffer buffer(std::min<std::uint64_t>(slice.count, kReadBytes));
    for (std::uint64_t at = 0; at < slice.count;) {
        const auto count = std::min<std::uint64_t>(buffer.size(), slice.count - at);
        const std::span piece = std::span(buffer).first(count);
        TRY_VOID(read_at(*slice.file, slice.offset + at, piece));
        before = archive::crc32_of(piece, before);
        at += count;
    }
    return before;
}

Result<std::uint32_t> checksum(const Part& part, std::uint32_t before) {
    return std::visit(
        [&](const auto& content) -> Result<std::uint32_t> {
            if constexpr (std::is_same_v<std::decay_t<decltype(content)>, http::FileSlice>) {
                return checksum(content, before);
            } else {
                return archive::crc32_of(bytes_of(content), before);
            }
        },
        part);
}

/// The zip, a piece at a time.
class ZipBody {
public:
    ZipBody(ContextPtr context, MemberLister members, std::vector<MediaChoice> choices,
            FileSet set)
        : context_(std::move(context)),
          members_(std::move(members)),
          choices_(std::move(choices)),
          set_(std::move(set)) {
        const std::uint32_t crc = archive::crc32_of(set_.directory);
        ready_.emplace_back(zip_.begin({.path = kDirectoryName,
                                        .size_bytes = set_.directory.size(),
                                        .crc32 = crc,
                                        .modified = context_->services.clock.now()}));
        auto owner = std::make_shared<const ByteBuffer>(std::exchange(set_.directory, {}));
        const Bytes view(*owner);
        ready_.emplace_back(http::SharedBytes{std::move(owner), view});
    }

    http::Task<Result<std::optional<Part>>> next() {
        if (ready_.empty()) {
            CO_TRY_VOID(co_await context_->work([this] { return prepare(); }));
        }
        if (ready_.empty()) {
            co_return std::optional<Part>();
        }
        Part part = std::move(ready_.front());
        ready_.pop_front();
        co_return std::optional<Part>(std::move(part));
    }

private:
    /// Blocks.
    Result<void> prepare() {
        if (made_) {
            TRY(auto part, made_->next());
            if (part) {
                ready_.push_back(*std::move(part));
                return {};
            }
            made_.reset();
        }
        if (at_ == set_.files.size()) {
            if (!std::exchange(finished_, true)) ready_.emplace_back(zip_.finish());
            return {};
        }
        const FileSet::File& file = set_.files[at_++];
        TRY(const ChosenInstance chosen, choose(file));
        return file.form == InstanceForm::AsStored ? add_stored(file, chosen)
                                                   : add_made(file, chosen);
    }

    /// The instance of the plan, once more: others may have come between.
    Result<ChosenInstance> choose(const FileSet::File& file) {
        for (;;) {
            if (page_.empty()) {
                TRY(auto page, members_.next());
                if (page.empty()) break;
                page_.assign(page.begin(), page.end());
            }
            const LocatedInstancePtr located = std::move(page_.front());
            page_.pop_front();
            if (located->instance.row != file.row) continue;
            TRY(auto chosen, choose_file(*context_, located, choices_));
            if (chosen.form != file.form ||
                (file.form == InstanceForm::AsStored &&
                 chosen.located->file.size_bytes != file.size_bytes)) {
                break;
            }
            return chosen;
        }
        return fail(ErrorCode::Conflict,
                    "what the zip was begun with is no longer there: ask again");
    }

    void begin(const FileSet::File& file, const ChosenInstance& chosen, std::uint64_t bytes,
               std::uint32_t crc) {
        const std::string path = file_path(file.series, at_, '/');
        ready_.emplace_back(zip_.begin({.path = path,
                                        .size_bytes = bytes,
                                        .crc32 = crc,
                                        .modified = chosen.located->instance.created}));
    }

    Result<void> add_stored(const FileSet::File& file, const ChosenInstance& chosen) {
        TRY(http::FileSlice slice, slice_of(context_->services.store, chosen.located->file));
        TRY(const std::uint32_t crc, checksum(slice, 0));
        begin(file, chosen, slice.count, crc);
        ready_.emplace_back(std::move(slice));
        return {};
    }

    Result<std::unique_ptr<ExplicitFile>> make(const ChosenInstance& chosen) {
        auto& store = context_->services.store;
        TRY(auto opened, OpenInstance::open(store, chosen.located));
        return ExplicitFile::open(store, std::move(opened), chosen.form);
    }

    Result<void> add_made(const FileSet::File& file, const ChosenInstance& chosen) {
        TRY(auto made, make(chosen));
        std::vector<Part> kept;
        std::uint64_t bytes = 0;
        std::uint64_t in_memory = 0;
        std::uint32_t crc = 0;
        for (;;) {
            TRY(auto part, made->next());
            if (!part) break;
            TRY(crc, checksum(*part, crc));
            bytes += http::size_of(*part);
            if (!std::holds_alternative<http::FileSlice>(*part)) {
                in_memory += http::size_of(*part);
            }
            if (in_memory > kKeptMaxBytes) {
                kept.clear();
            } else {
                kept.push_back(*std::move(part));
            }
        }
        begin(file, chosen, bytes, crc);
        if (in_memory > kKeptMaxBytes) {
            TRY(made_, make(chosen));
        } else {
            std::ranges::move(kept, std::back_inserter(ready_));
        }
        return {};
    }

    ContextPtr context_;
    MemberLister members_;
    std::vector<MediaChoice> choices_;
    FileSet set_;
    archive::ZipWriter zip_;
    std::deque<Part> ready_;
    std::deque<LocatedInstancePtr> page_;
    std::unique_ptr<ExplicitFile> made_;  ///< being sent, its checksum is known
    std::size_t at_ = 0;                  ///< in the files of the plan
    bool finished_ = false;
};

struct Planned {
    FileSet set;
    MemberLister members;
};
Result<Planned> plan_now(const Context& context, const Retrieval& wanted) {
    TRY(auto set, FileSet::plan(context, wanted));
    TRY(auto members, MemberLister::open(context, wanted.path));
    return Planned{std::move(set), std::move(members)};
}

std::string tag_of(const FileSet& set, const std::vector<MediaChoice>& choices) {
    std::string asked;
    for (const auto& choice : choices) asked += choice.transfer_syntax + '\n';
    return weak_etag(set.version + "-zip-" + std::to_string(xxh3(as_bytes(asked))));
}

}  // namespace

std::vector<MediaChoice> zip_choices(const std::vector<MediaChoice>& choices) {
    const auto is_zip = [](const MediaChoice& choice) {
        return choice.form == MediaChoice::Form::Single && choice.type == kZip;
    };
    std::vector<MediaChoice> of_zip;
    for (const auto& choice : choices) {
        if (is_zip(choice)) {
            of_zip.push_back({.form = MediaChoice::Form::Multipart,
                              .type = "application/dicom",
                              .transfer_syntax = choice.transfer_syntax});
        } else if (of_zip.empty() && choice.takes("application/dicom")) {
            return {};
        }
    }
    return of_zip;
}

async::Task<Result<http::Response>> answer_zip(ContextPtr context, http::Request request,
                                               Retrieval wanted) {
    CO_TRY(auto planned, co_await context->work([&] { return plan_now(*context, wanted); }));
    const std::string etag = tag_of(planned.set, wanted.choices);
    if (auto known = not_modified(request, etag)) {
        co_return *std::move(known);
    }
    Response response(planned.set.left_out == 0 ? 200 : 206);
    response.headers.add("ETag", etag);
    response.headers.add("Content-Type", kZip);
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add("Content-Disposition", "attachment; filename=\"dicom.zip\"");
    if (planned.set.left_out > 0) {
        response.headers.add("Warning", "299 larmor \"" + std::to_string(planned.set.left_out) +
                                            " instances can not be made as asked for and are "
                                            "left out\"");
    }
    response.generated_length = planned.set.zip_bytes();
    auto body = std::make_unique<ZipBody>(context, std::move(planned.members),
                                          std::move(wanted.choices), std::move(planned.set));
    response.generator = [body = std::move(body)] { return body->next(); };
    co_return response;
}

}  // namespace larmor::api
