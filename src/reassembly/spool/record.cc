#include "reassembly/spool/record.h"

namespace larmor::reassembly::spool {
namespace {

constexpr std::size_t kOffset = 4, kUidSize = 12, kUid = 13, kUidBytesMax = 255;

}  // namespace

Result<void> encode_record(const Record& record, ByteBuffer& out) {
    if (record.uid.size() > kUidBytesMax) {
        return fail(ErrorCode::InvalidInput,
                    "a UID of " + std::to_string(record.uid.size()) + " bytes");
    }
    out.resize(kUid);
    store_little(out.data(), record.archive);
    store_little(out.data() + kOffset, record.offset);
    out[kUidSize] = static_cast<std::byte>(record.uid.size());
    const Bytes uid = as_bytes(record.uid);
    out.insert(out.end(), uid.begin(), uid.end());
    out.insert(out.end(), record.data_set.begin(), record.data_set.end());
    return {};
}

Result<Record> decode_record(Bytes bytes) {
    const auto corrupt = [] { return fail(ErrorCode::Corrupt, "a record that breaks off"); };
    if (bytes.size() < kUid) return corrupt();
    const auto uid_size = static_cast<std::size_t>(bytes[kUidSize]);
    const auto uid = slice(bytes, kUid, uid_size);
    if (!uid) return corrupt();
    return Record{.uid = as_text(*uid),
                  .archive = load_little<std::uint32_t>(bytes.data()),
                  .offset = load_little<std::uint64_t>(bytes.data() + kOffset),
                  .data_set = bytes.subspan(kUid + uid_size)};
}

}  // namespace larmor::reassembly::spool
