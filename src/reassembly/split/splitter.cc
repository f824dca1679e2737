#include "reassembly/split/splitter.h"

#include <fcntl.h>

#include "base/hash.h"
#include "base/json_text.h"
#include "dicom/file.h"

namespace larmor::reassembly::split {
namespace {

constexpr std::uint64_t kWaitingMaxBytes = std::uint64_t{64} << 20;
constexpr std::size_t kWaitingMax = 4096;

/// `"name":"text"`.
std::string text_member(std::string_view name, std::string_view text) {
    std::string out = "\"" + std::string(name) + "\":";
    append_json_string(out, text);
    return out;
}
std::string number_member(std::string_view name, std::uint64_t number) {
    return "\"" + std::string(name) + "\":" + std::to_string(number);
}

ByteBuffer gzipped(std::string_view text) {
    std::string out;
    const auto compressor = archive::Compressor::make(archive::Compression::Gzip);
    compressor->write(as_bytes(text), out);
    compressor->finish(out);
    const auto bytes = as_bytes(out);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<Splitter> Splitter::create(const std::filesystem::path& folder,
                                  const SplitterOptions& options) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return system_failure("make " + folder.string(), error.value());
    const auto count = std::max<std::uint32_t>(1, options.archives);
    TRY(auto metadata, ArchiveSet::create(folder, "metadata", count, options.compression));
    TRY(auto image, ArchiveSet::create(folder, "image", count, options.compression));
    Splitter splitter(std::move(metadata), std::move(image), options);
    TRY(splitter.truth_, open_file(folder / "truth.ndjson", O_CREAT | O_TRUNC | O_WRONLY));
    return splitter;
}

Result<std::optional<std::string>> Splitter::add(const std::string& source, Bytes bytes) {
    const auto file = dicom::open_file(bytes);
    const auto instance =
        file ? split_instance(*file, options_.instance) : tl::unexpected(file.error());
    if (!instance) {
        const bool is_plain = instance.error().code == ErrorCode::NotFound;
        ++(is_plain ? counts_.without_pixels : counts_.unreadable);
        return instance.error().message;
    }
    if (!uids_.insert(instance->sop_instance_uid).second) {
        ++counts_.repeated;
        return "its SOP Instance UID was there before: split it in a run of its own";
    }
    ++counts_.instances;
    counts_.frames += instance->frames;
    const bool loses = happens(options_.missing_permille);
    const bool loses_image = loses && random_() % 2 == 0;
    bool conflict = false;
    if (!loses || loses_image) TRY_VOID(add_half(*instance, false, conflict));
    if (!loses || !loses_image) TRY_VOID(add_half(*instance, true, conflict));
    counts_.missing_image += loses_image ? 1 : 0;
    counts_.missing_metadata += loses && !loses_image ? 1 : 0;
    counts_.conflicts += conflict ? 1 : 0;
    TRY_VOID(put_truth("{" + text_member("kind", "instance") + "," +
                       text_member("uid", instance->sop_instance_uid) + "," +
                       text_member("source", source) + "," +
                       text_member("transfer_syntax", instance->transfer_syntax_uid) + "," +
                       number_member("frames", instance->frames) + "," +
                       text_member("halves", loses_image ? "metadata"
                                             : loses     ? "image"
                                                         : "both") +
                       (conflict ? R"(,"conflict":true)" : "") + "}\n"));
    return std::nullopt;
}

/// All members of one half, and perhaps one of them again.
Result<void> Splitter::add_half(const SplitInstance& instance, bool is_image, bool& conflict) {
    const auto& uid = instance.sop_instance_uid;
    const std::uint32_t archives = metadata_.count();
    const auto in_turn = static_cast<std::uint32_t>((counts_.instances - 1) % archives);
    const auto any = [&] {
        return options_.shuffle ? static_cast<std::uint32_t>(random_() % archives) : in_turn;
    };
    // A folder a thousand instances: paths are there to be ignored.
    const auto folder = std::to_string(counts_.instances / 1000) + "/" + uid;
    std::vector<Waiting> members;
    const auto add_member = [&](const std::string& path, ByteBuffer bytes) {
        members.push_back({is_image, any(), path, std::move(bytes), uid, {}});
    };
    if (!is_image && options_.gzip_metadata) {
        add_member(folder + ".json.gz", gzipped(instance.metadata));
    } else if (!is_image) {
        const auto bytes = as_bytes(instance.metadata);
        add_member(folder + ".json", ByteBuffer(bytes.begin(), bytes.end()));
    } else {
        for (const auto& part : instance.image) {
            const auto number = part.frame ? "/" + std::to_string(*part.frame) : std::string();
            add_member(folder + number + "." + part.extension, part.bytes);
        }
    }
    const bool differs = !conflict && happens(options_.conflict_permille);
    if (differs || happens(options_.duplicate_permille)) {
        auto copy = members[random_() % members.size()];
        copy.archive = any();
        copy.copy = differs ? "conflict" : "duplicate";
        if (differs && is_image && !copy.bytes.empty()) {
            copy.bytes[copy.bytes.size() / 2] ^= std::byte{1};
        } else if (differs && !is_image) {
            // (0008,0081), which few have, is true of neither.
            std::string json = instance.metadata;
            json.insert(1, R"("00080081":{"vr":"ST","Value":["another"]},)");
            if (instance.metadata.find("\"00080081\"") != std::string::npos) json = "{}";
            const auto bytes = as_bytes(json);
            copy.bytes =
                options_.gzip_metadata ? gzipped(json) : ByteBuffer(bytes.begin(), bytes.end());
        }
        conflict |= differs;
        counts_.duplicates += differs ? 0 : 1;
        members.push_back(std::move(copy));
    }
    for (auto& member : members) TRY_VOID(wait(std::move(member)));
    return {};
}

Result<void> Splitter::wait(Waiting member) {
    waiting_bytes_ += member.bytes.size();
    waiting_.push_back(std::move(member));
    while (!waiting_.empty() && (!options_.shuffle || waiting_bytes_ > kWaitingMaxBytes ||
                                 waiting_.size() > kWaitingMax)) {
        TRY_VOID(put_one());
    }
    return {};
}

/// Any of those that wait.
Result<void> Splitter::put_one() {
    std::swap(waiting_[options_.shuffle ? random_() % waiting_.size() : 0], waiting_.back());
    auto member = std::move(waiting_.back());
    waiting_.pop_back();
    waiting_bytes_ -= member.bytes.size();
    const auto hash = to_hex(sha256(member.bytes));
    std::string damage;
    if (happens(options_.damage_permille) && !member.bytes.empty()) {
        const auto bit = random_() % (member.bytes.size() * 8);
        member.bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        damage = "," + number_member("wrong_bit", bit);
        ++counts_.damaged;
    }
    ++(member.is_image ? counts_.image_members : counts_.metadata_members);
    counts_.bytes += member.bytes.size();
    TRY(const auto where,
        (member.is_image ? image_ : metadata_).put(member.archive, member.path, member.bytes));
    return put_truth(
        "{" + text_member("kind", "member") + "," +
        text_member("uid", member.sop_instance_uid) + "," +
        text_member("half", member.is_image ? "image" : "metadata") + "," +
        text_member("archive", where.archive) + "," + text_member("path", member.path) + "," +
        number_member("offset", where.offset) + "," +
        number_member("size", member.bytes.size()) + "," + text_member("sha256", hash) +
        (member.copy.empty() ? "" : "," + text_member("copy", member.copy)) + damage + "}\n");
}

Result<void> Splitter::put_truth(const std::string& line) {
    return write_all(truth_, as_bytes(line));
}

Result<SplitCounts> Splitter::finish() {
    while (!waiting_.empty()) TRY_VOID(put_one());
    TRY_VOID(metadata_.finish());
    TRY_VOID(image_.finish());
    // In turn image and metadata, from the last one on.
    const auto wanted = std::min(options_.truncated_archives, 2 * metadata_.count());
    for (std::uint32_t i = 0; i < wanted; ++i) {
        auto& set = i % 2 == 0 ? image_ : metadata_;
        const auto archive = metadata_.count() - 1 - i / 2;
        const auto permille = static_cast<std::uint32_t>(random_() % 1000);
        TRY_VOID(set.truncate(archive, permille));
        TRY_VOID(put_truth("{" + text_member("kind", "truncated") + "," +
                           text_member("archive", set.name_of(archive)) + "," +
                           number_member("permille", permille) + "}\n"));
        ++counts_.truncated;
    }
    return counts_;
}

}  // namespace larmor::reassembly::split
