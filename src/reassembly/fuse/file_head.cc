#include "reassembly/fuse/file_head.h"

#include <array>

#include "dicom/writer.h"

namespace larmor::reassembly::fuse {
namespace {

using dicom::Tag;
namespace vr = dicom::vr;

// A new form of fused files gets a new name.
constexpr std::string_view kFormUid = "2.25.144062597205104278792297242855463493153";
constexpr std::string_view kFormName = "LARMOR_FUSED_1";
constexpr std::array kVersion{std::byte{0}, std::byte{1}};

}  // namespace

void write_file_head(std::string_view sop_class_uid, std::string_view sop_instance_uid,
                     std::string_view transfer_syntax_uid, ByteBuffer& out) {
    dicom::Writer group;
    group.element(Tag(0x0002, 0x0001), vr::OB, kVersion);
    group.text(Tag(0x0002, 0x0002), vr::UI, sop_class_uid);
    group.text(Tag(0x0002, 0x0003), vr::UI, sop_instance_uid);
    group.text(Tag(0x0002, 0x0010), vr::UI, transfer_syntax_uid);
    group.text(Tag(0x0002, 0x0012), vr::UI, kFormUid);
    group.text(Tag(0x0002, 0x0013), vr::SH, kFormName);
    const Bytes prefix = as_bytes("DICM");
    out.insert(out.end(), 128, std::byte{0});
    out.insert(out.end(), prefix.begin(), prefix.end());
    dicom::Writer whole(dicom::kExplicitLittle, std::move(out));
    whole.number(Tag(0x0002, 0x0000), vr::UL, group.buffer().size());
    out = whole.take();
    out.insert(out.end(), group.buffer().begin(), group.buffer().end());
}

}  // namespace larmor::reassembly::fuse
