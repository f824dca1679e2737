#include "archive/archive.h"

#include "archive/compression.h"
#include "archive/tar.h"
#include "archive/zip.h"

namespace larmor::archive {
namespace {

/// Bytes that were looked at, then the rest of the source they came from.
class RewoundSource final : public Source {
public:
    RewoundSource(ByteBuffer start, std::unique_ptr<Source> rest)
        : start_(std::move(start)), rest_(std::move(rest)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        if (position_ == start_.size()) {
            return rest_->read(out);
        }
        const auto count = std::min(out.size(), start_.size() - position_);
        std::copy_n(start_.begin() + static_cast<std::ptrdiff_t>(position_), count,
                    out.begin());
        position_ += count;
        return count;
    }
    Result<Passed> pass(std::uint64_t count) override {
        return position_ == start_.size() ? rest_->pass(count) : Passed{};
    }
    RandomAccess* again() override { return rest_->again(); }

private:
    ByteBuffer start_;
    std::size_t position_ = 0;
    std::unique_ptr<Source> rest_;
};

/// A compressed file that holds no archive: one member.
class SingleFile final : public Reader {
public:
    explicit SingleFile(std::unique_ptr<Source> content) : content_(std::move(content)) {}
    Result<std::optional<Member>> next() override {
        if (std::exchange(given_, true)) {
            ended_ = true;
            return std::nullopt;
        }
        return std::optional(Member{});
    }
    Result<std::size_t> read(std::span<std::byte> out) override {
        return ended_ || !given_ ? Result<std::size_t>(0) : content_->read(out);
    }

private:
    std::unique_ptr<Source> content_;
    bool given_ = false, ended_ = false;
};

struct Looked {
    Format format;
    std::unique_ptr<Source> source;
};
enum class Zeros : bool { AreNoArchive, AreATar };

Result<Looked> look(std::unique_ptr<Source> source, Zeros zeros) {
    ByteBuffer start(kDetectBytes);
    TRY(const auto count, read_fully(*source, start));
    start.resize(count);
    auto format = detect(start);
    if (zeros == Zeros::AreATar && count > 0 &&
        std::ranges::all_of(start, [](std::byte b) { return b == std::byte{0}; })) {
        format = Format::Tar;
    }
    return Looked{format, std::make_unique<RewoundSource>(std::move(start), std::move(source))};
}

Result<std::unique_ptr<Reader>> open_decompressed(std::unique_ptr<Source> content,
                                                  const Limits& limits, Zeros zeros) {
    TRY(auto looked, look(std::move(content), zeros));
    if (looked.format == Format::Tar) {
        return read_tar(std::move(looked.source), limits);
    }
    return std::make_unique<SingleFile>(std::move(looked.source));
}

Result<std::unique_ptr<Reader>> open_stream(Format format, std::unique_ptr<Source> source,
                                            const Limits& limits, Zeros zeros) {
    switch (format) {
        case Format::Tar:
            return read_tar(std::move(source), limits);
        case Format::Gzip:
            return open_decompressed(gunzip(std::move(source), limits), limits, zeros);
        case Format::Zstd:
            return open_decompressed(unzstd(std::move(source), limits), limits, zeros);
        case Format::Zip:
            return fail(ErrorCode::Unsupported,
                        "a zip inside another archive: its table is at its end");
        case Format::None:
            break;
    }
    return fail(ErrorCode::Unsupported, "no archive: neither tar, zip, gzip nor zstd");
}

}  // namespace

void Reader::note(Damage damage) {
    constexpr std::size_t kDamageMax = 1000;
    if (damage_count_++ < kDamageMax) {
        damage_.push_back(std::move(damage));
    }
}

Format detect(Bytes start) {
    const auto text = as_text(start);
    constexpr std::size_t kPreamble = 128;
    if (text.size() >= kPreamble + 4 && text.substr(kPreamble, 4) == "DICM") {
        return Format::None;
    }
    if (text.starts_with("\x1f\x8b\x08")) {
        return Format::Gzip;
    }
    if (text.starts_with("\x28\xb5\x2f\xfd")) {
        return Format::Zstd;
    }
    // The second is an empty zip: an end record and nothing else.
    if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) {
        return Format::Zip;
    }
    return is_tar_header(start) ? Format::Tar : Format::None;
}

Result<std::unique_ptr<Reader>> open(const UniqueFd& file, const Limits& limits) {
    TRY(auto source, FileSource::over(file));
    ByteBuffer start(std::min<std::uint64_t>(kDetectBytes, source->size_bytes()));
    TRY_VOID(source->read_at(0, start));
    const auto format = detect(start);
    if (format == Format::Zip) {
        return read_zip(std::move(source), limits);
    }
    return open_stream(format, std::move(source), limits, Zeros::AreNoArchive);
}

Result<std::unique_ptr<Reader>> open(std::unique_ptr<Source> source, const Limits& limits) {
    TRY(auto looked, look(std::move(source), Zeros::AreNoArchive));
    return open_stream(looked.format, std::move(looked.source), limits, Zeros::AreNoArchive);
}

Result<std::unique_ptr<Reader>> open_tar(std::unique_ptr<Source> source, const Limits& limits) {
    TRY(auto looked, look(std::move(source), Zeros::AreATar));
    return open_stream(looked.format, std::move(looked.source), limits, Zeros::AreATar);
}

}  // namespace larmor::archive
