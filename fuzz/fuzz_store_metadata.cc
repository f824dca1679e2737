// Any bytes as one object of STOW-RS metadata, up to the first NUL, and the bytes of its bulk
// data part, whose media type the first byte chooses. What is built is a file that can be read
// to its end.
#include <array>

#include "api/dicomweb/build_instance.h"
#include "api/dicomweb/metadata_uids.h"
#include "dicom/file.h"
#include "dicom/json_read.h"
#include "http/media_type.h"

namespace {

using namespace larmor;

/// Nothing so large ever comes that it would be asked for anything.
class NoStore final : public objects::ObjectStore {
public:
    std::uint64_t small_max_bytes() const override { return 0; }
    async::Task<Result<objects::StagedObject>> stage(objects::StageRequest) override {
        co_return unused();
    }
    async::Task<Result<std::vector<objects::StagedObject>>> stage_all(
        std::vector<objects::StageRequest>) override {
        co_return unused();
    }
    Result<std::unique_ptr<objects::Upload>> begin_upload(std::string) override {
        return unused();
    }
    Result<objects::ObjectId> record(db::Transaction&, const objects::StagedObject&) override {
        return unused();
    }
    Result<objects::ObjectLocation> locate(db::Snapshot&, objects::ObjectId) override {
        return unused();
    }
    Result<objects::ObjectLocation> locate(objects::ObjectId) override { return unused(); }
    bool opens_at_once() const override { return true; }
    Result<objects::FileSlice> open(const objects::ObjectLocation&, ByteRange) override {
        return unused();
    }
    Result<void> read(const objects::ObjectLocation&, std::uint64_t,
                      std::span<std::byte>) override {
        return unused();
    }
    Result<void> verify(const objects::ObjectLocation&) override { return unused(); }
    Result<void> drop(const objects::StagedObject&) override { return unused(); }
    Result<void> remove(db::Transaction&, objects::ObjectId) override { return unused(); }
    Result<std::uint64_t> collect_garbage() override { return unused(); }

private:
    static tl::unexpected<Error> unused() {
        return fail(ErrorCode::Unavailable, "there is no store");
    }
};

constexpr std::array<std::string_view, 10> kTypes = {
    "application/octet-stream",
    "image/jpeg",
    "image/jls",
    "image/jp2",
    "image/jphc",
    "image/dicom-rle",
    "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70",
    "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50",
    "video/mp4",
    "application/pdf"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes input = std::as_bytes(std::span(data, size));
    const std::string_view text = as_text(input.subspan(1));
    const auto end = std::min(text.find('\0'), text.size());
    const std::string_view json = text.substr(0, end);
    const Bytes bulk = input.subspan(std::min(size, end + 2));

    NoStore store;
    api::BulkParts parts(store);
    const auto type = http::parse_media_type(kTypes.at(data[0] % kTypes.size()));
    LARMOR_CHECK(type.has_value());
    // Two parts of one location: frames, or one too many.
    parts.begin("b", *type);
    LARMOR_CHECK(parts.write(bulk).has_value());
    if (data[0] >= 128) {
        parts.begin("b", *type);
        LARMOR_CHECK(parts.write(bulk.first(bulk.size() / 2)).has_value());
    }
    LARMOR_CHECK(parts.finish().has_value());
    api::uids_of_metadata(json);
    const auto objects = dicom::split_json_array(json);
    if (!objects) return 0;
    for (const std::string_view object : *objects) {
        const auto built = api::build_instance(object, parts);
        if (!built) {
            LARMOR_CHECK(!built.error().message.empty());
            continue;
        }
        ByteBuffer file;
        for (const auto& piece : built->pieces) {
            std::visit([&](const auto& p) { file.insert(file.end(), p.begin(), p.end()); },
                       piece);
        }
        LARMOR_CHECK(file.size() == built->size_bytes);
        const auto opened = dicom::open_file(file);
        LARMOR_CHECK(opened.has_value());
        dicom::Reader reader(opened->data_set, opened->encoding);
        dicom::Token token;
        while (reader.advance(token) && token.kind != dicom::TokenKind::End) {
        }
        LARMOR_CHECK(!reader.failed());
    }
    return 0;
}
