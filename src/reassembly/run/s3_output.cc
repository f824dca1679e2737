#include "reassembly/run/s3_output.h"

#include <fcntl.h>

#include "base/ids.h"
#include "base/json_text.h"
#include "reassembly/run/object_comparison.h"
#include "reassembly/run/request.h"
#include "reassembly/run/scan.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;
namespace s3 = objects::s3;

constexpr std::size_t kMarkMaxBytes = 1 << 20;
constexpr const char* kMark = ".reassembly/run.json";
constexpr const char* kComplete = "complete.json";

std::uint64_t size_of_file(const fuse::FusedFile& file) {
    std::uint64_t size = 0;
    for (const auto& piece : file.pieces) size += piece.size_bytes();
    return size;
}

/// As write_pieces, and gives the digest of the file.
template <typename Out>
Result<Sha256> write_hashed(const fuse::FusedFile& file, std::span<MemberBytes> members,
                            const Out& out) {
    Sha256Stream hash;
    TRY_VOID(write_pieces(file, members, [&](Bytes piece) {
        if (!file.sha256) hash.update(piece);
        return out(piece);
    }));
    return file.sha256 ? *file.sha256 : hash.finish();
}

s3::PutOptions if_absent(const char* content_type = "application/dicom") {
    s3::PutOptions options;
    options.if_absent = s3::IfAbsent::Yes;
    options.content_type = content_type;
    return options;
}

const char* content_type_of(std::string_view key) {
    if (key.ends_with(".dcm")) return "application/dicom";
    if (key.ends_with(".parquet")) return "application/vnd.apache.parquet";
    return key.ends_with(".ndjson") ? "application/x-ndjson" : "application/json";
}

Error of_another_folder(const std::string& place) {
    return {ErrorCode::Conflict, place +
                                     " holds an unfinished run of another work folder: go on "
                                     "with that one, or remove what is there"};
}

/// In S3 an object has 10,000 parts at most.
std::size_t part_bytes_for(std::uint64_t size_bytes) {
    std::size_t part_bytes = kPutBytes;
    while (part_bytes < size_bytes / 9'000) part_bytes *= 2;
    return part_bytes;
}

}  // namespace

Result<std::unique_ptr<S3Output>> S3Output::open(s3::Client& client, const s3::Address& address,
                                                 OutputFolder& folder,
                                                 const std::string& fingerprint) {
    std::unique_ptr<S3Output> output(new S3Output(client, address, folder));
    TRY_VOID(output->begin(fingerprint));
    return output;
}

/// Empty where there is none.
Result<std::string> S3Output::read_mark(const std::string& name) {
    const auto bytes = client_.get_all(prefix_ + name, {}, kMarkMaxBytes);
    if (bytes) return std::string(as_text(*bytes));
    if (bytes.error().code == ErrorCode::NotFound) return std::string();
    return tl::unexpected(bytes.error());
}

std::string S3Output::place_member() const {
    return ',' + std::string(kPlaceMember) + to_json_string(place_) + "}\n";
}

Result<void> S3Output::begin(const std::string& fingerprint) {
    const auto mark = read_file(folder_.s3_mark(), kMarkMaxBytes);
    if (!mark && mark.error().code != ErrorCode::NotFound) return tl::unexpected(mark.error());
    TRY(std::string complete, read_mark(kComplete));
    if (complete.starts_with(fingerprint_member(fingerprint))) {
        if (!folder_.finished()) {
            // A run that was broken off behind its end may have left it.
            TRY_VOID(client_.remove(prefix_ + kMark));
            // What a run into another place needs to go on stays.
            if (!mark || mark->ends_with(place_member())) TRY_VOID(complete_folder(complete));
        }
        finished_ = std::move(complete);
        return {};
    }
    if (!complete.empty()) {
        return fail(ErrorCode::Conflict,
                    place_ + " holds a finished run of other archives or options");
    }
    if (folder_.finished()) {
        return fail(ErrorCode::Conflict, folder_.path().string() +
                                             " holds a finished run, of which nothing is in " +
                                             place_);
    }
    return take_place(fingerprint, mark.value_or(""));
}

Result<void> S3Output::take_place(const std::string& fingerprint, const std::string& mark) {
    TRY(const std::string there, read_mark(kMark));
    if (there.empty()) return take_empty_place(fingerprint);
    if (there != mark) return tl::unexpected(of_another_folder(place_));
    for (const char* name : {"instances/", "conflicts/", "report/"}) {
        TRY_VOID(client_.abort_uploads(prefix_ + name));
        if (!folder_.checkpoint()) TRY_VOID(remove_below(name));
    }
    return {};
}

Result<void> S3Output::take_empty_place(const std::string& fingerprint) {
    TRY(const bool empty, is_empty());
    if (!empty) {
        return fail(ErrorCode::Conflict, place_ + " is not empty, and what it holds is no run");
    }
    if (folder_.checkpoint()) {
        return fail(ErrorCode::Conflict,
                    folder_.path().string() +
                        " holds an unfinished run, of which nothing is in " + place_ +
                        ": remove the folder to begin it anew");
    }
    // Durable here before it is there: what this folder does not know is another's. A new one,
    // since that of an attempt before may stand in another place, which is then no longer ours.
    const auto mark = fingerprint_member(fingerprint) +
                      ",\"run\":" + to_json_string(random_id()) + place_member();
    TRY_VOID(write_whole(folder_.s3_mark(), mark));
    const auto put =
        client_.put(prefix_ + kMark, as_bytes(mark), if_absent("application/json"));
    if (put) return {};
    const bool is_taken = put.error().code == ErrorCode::Conflict;
    return tl::unexpected(is_taken ? of_another_folder(place_) : put.error());
}

Result<bool> S3Output::is_empty() {
    s3::ListOptions options;
    options.prefix = prefix_;
    options.keys_max = 1;
    TRY(const auto page, client_.list(options));
    return page.objects.empty();
}

Result<void> S3Output::remove_below(const std::string& name) {
    s3::ListOptions options;
    options.prefix = prefix_ + name;
    for (;;) {
        TRY(const auto page, client_.list(options));
        std::vector<std::string> keys;
        for (const auto& object : page.objects) keys.push_back(object.key);
        TRY(auto failures, client_.remove_many(keys));
        if (!failures.empty()) return tl::unexpected(std::move(failures.front().error));
        if (page.next.empty()) return {};
        options.token = page.next;
    }
}

Result<PlacedFile> S3Output::stage(const std::string& staged, const fuse::FusedFile& file,
                                   std::span<MemberBytes> members) {
    TRY(const auto written, write_file((folder_.staged() / staged).string(), IfThere::Replace,
                                       file, members, nullptr));
    return PlacedFile{written, true};
}

Result<PlacedFile> S3Output::write(const std::string& key, const std::string& staged,
                                   const fuse::FusedFile& file,
                                   std::span<MemberBytes> members) {
    // One at a time under a key: the second finds the first, before its bytes are used up.
    const std::scoped_lock lock(
        being_written_.at(std::hash<std::string>{}(key) % being_written_.size()));
    return size_of_file(file) <= kPutBytes ? put_whole(key, staged, file, members)
                                           : put_streamed(key, staged, file, members);
}

Result<PlacedFile> S3Output::put_whole(const std::string& key, const std::string& staged,
                                       const fuse::FusedFile& file,
                                       std::span<MemberBytes> members) {
    ByteBuffer bytes;
    bytes.reserve(size_of_file(file));
    TRY_VOID(write_pieces(file, members, [&](Bytes piece) -> Result<void> {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }));
    PlacedFile placed{{bytes.size(), file.sha256 ? *file.sha256 : sha256(bytes)}};
    TRY(const auto there, put_before(prefix_ + key));
    const bool is_same = there && there->size_bytes == placed.written.size_bytes &&
                         there->sha256 == placed.written.sha256;
    if (is_same) return placed;
    if (!there) {
        auto options = if_absent();
        options.sha256 = placed.written.sha256;
        const auto put = not_of_content(client_.put(prefix_ + key, bytes, options));
        if (put && put->existed) absent_ = 0;
        if (put) return placed;
        if (put.error().code != ErrorCode::Conflict) return tl::unexpected(put.error());
    }
    TRY(const auto out, open_file(folder_.staged() / staged, O_WRONLY | O_CREAT | O_TRUNC));
    TRY_VOID(write_all(out, bytes));
    placed.is_staged = true;
    return placed;
}

Result<std::optional<s3::ObjectInfo>> S3Output::put_before(const std::string& key) {
    // Behind what was put after the last checkpoint, nothing stands there any more: then a look
    // before each put is a request for nothing.
    constexpr unsigned kAbsentMax = 1'000;
    if (!folder_.checkpoint() || absent_ >= kAbsentMax) return std::nullopt;
    const auto there = not_of_content(client_.head(key));
    if (there) {
        absent_ = 0;
        return *there;
    }
    if (there.error().code != ErrorCode::NotFound) return tl::unexpected(there.error());
    ++absent_;
    return std::nullopt;
}

Result<PlacedFile> S3Output::put_streamed(const std::string& key, const std::string& staged,
                                          const fuse::FusedFile& file,
                                          std::span<MemberBytes> members) {
    // Looked for before: what was streamed can't be had again.
    const auto there = not_of_content(client_.head(prefix_ + key));
    if (there) {
        return there->size_bytes == size_of_file(file) ? compare(key, staged, file, members)
                                                       : stage(staged, file, members);
    }
    if (there.error().code != ErrorCode::NotFound) return tl::unexpected(there.error());
    s3::StreamedPutOptions options;
    options.put = if_absent();
    options.put.sha256 = file.sha256;
    options.part_bytes = part_bytes_for(size_of_file(file));
    const auto put = client_.begin_put(prefix_ + key, std::move(options));
    TRY(const auto hash, write_hashed(file, members, [&](Bytes piece) {
            return not_of_content(put->write(piece));
        }));
    TRY_VOID(not_of_content(put->finish()));
    return PlacedFile{{put->size_bytes(), hash}};
}

Result<PlacedFile> S3Output::compare(const std::string& key, const std::string& staged,
                                     const fuse::FusedFile& file,
                                     std::span<MemberBytes> members) {
    TRY(auto comparison, not_of_content(ObjectComparison::open(client_, prefix_ + key,
                                                               folder_.staged() / staged)));
    TRY(const auto hash, write_hashed(file, members, [&](Bytes piece) {
            return not_of_content(comparison.write(piece));
        }));
    TRY(const bool is_same, not_of_content(comparison.finish()));
    return PlacedFile{{size_of_file(file), hash}, !is_same};
}

Result<void> S3Output::move(const Event& file, const std::string& key) {
    if (file.staged.empty()) return move_object(file, key);
    const auto from = folder_.staged() / file.staged;
    const auto put = put_file(from, key);
    if (!put && put.error().code == ErrorCode::NotFound) return was_moved_to(key, put.error());
    if (!put) return put;
    return remove(file);
}

Result<void> S3Output::move_object(const Event& file, const std::string& key) {
    const auto from = prefix_ + file.key;
    s3::StreamedPutOptions options;
    options.put.content_type = content_type_of(key);
    options.put.sha256 = file.digest;
    options.part_bytes = part_bytes_for(file.file_size_bytes);
    const auto put = client_.begin_put(prefix_ + key, std::move(options));
    s3::GetOptions whole;
    whole.sha256 = file.digest;
    const auto got = client_.get(from, whole, [&](Bytes piece) { return put->write(piece); });
    if (!got && got.error().code == ErrorCode::NotFound) return was_moved_to(key, got.error());
    if (!got) return tl::unexpected(got.error());
    TRY_VOID(put->finish());
    return client_.remove(from);
}

Result<void> S3Output::was_moved_to(const std::string& key, const Error& otherwise) {
    const auto there = client_.head(prefix_ + key);
    if (there) return {};
    return tl::unexpected(there.error().code == ErrorCode::NotFound ? otherwise
                                                                    : there.error());
}

Result<void> S3Output::remove(const Event& file) {
    if (file.staged.empty()) return client_.remove(prefix_ + file.key);
    std::error_code error;
    fs::remove(folder_.staged() / file.staged, error);
    if (error) return system_failure("remove a staged file", error.value());
    return {};
}

Result<void> S3Output::clear_place(const std::string& key) {
    // Only who went on may find something that was put behind a checkpoint.
    return folder_.checkpoint() ? client_.remove(prefix_ + key) : Result<void>();
}

Result<void> S3Output::put_file(const fs::path& from, const std::string& key) {
    constexpr std::size_t kPieceBytes = 1 << 20;
    TRY(const auto file, open_file(from, O_RDONLY));
    TRY(const auto size, size_of(file));
    s3::StreamedPutOptions options;
    options.put.content_type = content_type_of(key);
    options.part_bytes = part_bytes_for(size);
    const auto put = client_.begin_put(prefix_ + key, std::move(options));
    ByteBuffer piece(kPieceBytes);
    for (;;) {
        TRY(const auto count, read_some(file, piece));
        if (count == 0) break;
        TRY_VOID(put->write(Bytes(piece).first(count)));
    }
    TRY_VOID(put->finish());
    return {};
}

Result<void> S3Output::complete(const std::string& json) {
    std::error_code error;
    for (fs::directory_iterator at(folder_.report(), error);
         !error && at != fs::directory_iterator(); at.increment(error)) {
        TRY_VOID(put_file(at->path(), "report/" + at->path().filename().string()));
    }
    if (error) return system_failure("read folder " + folder_.report().string(), error.value());
    // Last: what is there without it is no finished run.
    TRY_VOID(client_.put(prefix_ + kComplete, as_bytes(json), if_absent("application/json")));
    TRY_VOID(client_.remove(prefix_ + kMark));
    return complete_folder(json);
}

Result<void> S3Output::complete_folder(std::string_view json) {
    return folder_.complete(std::string(json.substr(0, json.rfind('}'))) + place_member());
}

}  // namespace larmor::reassembly::run
