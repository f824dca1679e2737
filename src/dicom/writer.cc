#include "dicom/writer.h"

#include <array>
#include <utility>

namespace larmor::dicom {

namespace {

constexpr std::uint64_t kLengthMax = kUndefinedLength - 1;

std::size_t size_of_number(Vr vr) {
    switch (vr) {
        case vr::SS:
        case vr::US:
            return 2;
        case vr::SL:
        case vr::UL:
            return 4;
        case vr::SV:
        case vr::UV:
            return 8;
        default:
            return 0;
    }
}

}  // namespace

std::byte padding_of(Vr vr) {
    return vr == vr::UI || is_binary(vr) || !is_known(vr) ? std::byte{0} : std::byte{' '};
}

void append_header(Tag tag, Vr vr, std::uint32_t length, std::uint16_t reserved, VrForm form,
                   ByteBuffer& out) {
    std::array<std::byte, 12> header;
    store_little(&header[0], tag.group);
    store_little(&header[2], tag.element);
    std::size_t size = 8;
    if (form == VrForm::Implicit) {
        store_little(&header[4], length);
    } else {
        store_little(&header[4], static_cast<std::uint16_t>(vr));
        if (has_long_length(vr)) {
            store_little(&header[6], reserved);
            store_little(&header[8], length);
            size = 12;
        } else {
            store_little(&header[6], static_cast<std::uint16_t>(length));
        }
    }
    out.insert(out.end(), header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size));
}

Writer::Writer(Encoding target, ByteBuffer buffer) : target_(target), out_(std::move(buffer)) {
    LARMOR_CHECK(target.order == ByteOrder::Little);
}

void Writer::put_header(Tag tag, Vr vr, std::uint32_t length) {
    const bool too_long =
        target_.vr == VrForm::Explicit && length > 0xffff && !has_long_length(vr);
    append_header(tag, too_long ? vr::UN : vr, length, 0, target_.vr, out_);
}

void Writer::put_item_header(Tag tag, std::uint32_t length) {
    append_header(tag, vr::UN, length, 0, VrForm::Implicit, out_);
}

void Writer::element(Tag tag, Vr vr, Bytes value) {
    LARMOR_CHECK(value.size() < kLengthMax);
    put_header(tag, vr, static_cast<std::uint32_t>(value.size() + value.size() % 2));
    out_.insert(out_.end(), value.begin(), value.end());
    if (value.size() % 2 != 0) out_.push_back(padding_of(vr));
}

void Writer::text(Tag tag, Vr vr, std::string_view value) {
    element(tag, vr, as_bytes(value));
}

void Writer::number(Tag tag, Vr vr, std::uint64_t value) {
    std::array<std::byte, 8> bytes;
    store_little(bytes.data(), value);
    const std::size_t size = size_of_number(vr);
    LARMOR_CHECK(size > 0);
    element(tag, vr, Bytes(bytes).first(size));
}

void Writer::open(LengthForm form) {
    // The length is the last thing of a header in every form.
    open_.push_back({.length_at = out_.size() - 4, .form = form});
}

void Writer::close(Tag delimiter) {
    LARMOR_CHECK(!open_.empty());
    const Open opened = open_.back();
    open_.pop_back();
    if (opened.form == LengthForm::Undefined) {
        put_item_header(delimiter, 0);
        return;
    }
    const std::size_t size = out_.size() - opened.length_at - 4;
    LARMOR_CHECK(size <= kLengthMax);
    store_little(&out_[opened.length_at], static_cast<std::uint32_t>(size));
}

void Writer::start_sequence(Tag tag, LengthForm form) {
    put_header(tag, vr::SQ, kUndefinedLength);
    open(form);
}

void Writer::start_item(LengthForm form) {
    put_item_header(kItem, kUndefinedLength);
    open(form);
}

void Writer::end_item() {
    close(kItemDelimitation);
}

void Writer::end_sequence() {
    close(kSequenceDelimitation);
}

void Writer::start_fragments(Tag tag, Vr vr) {
    LARMOR_CHECK(vr == vr::OB || vr == vr::OW);
    put_header(tag, vr, kUndefinedLength);
    open(LengthForm::Undefined);
}

void Writer::fragment(Bytes value) {
    LARMOR_CHECK(value.size() < kLengthMax);
    put_item_header(kItem, static_cast<std::uint32_t>(value.size() + value.size() % 2));
    out_.insert(out_.end(), value.begin(), value.end());
    if (value.size() % 2 != 0) out_.push_back(std::byte{0});
}

void Writer::end_fragments() {
    close(kSequenceDelimitation);
}

bool Writer::inside_defined() const {
    for (const Open& opened : open_) {
        if (opened.form == LengthForm::Defined) return true;
    }
    return false;
}

void Writer::header(Tag tag, Vr vr, std::uint32_t length) {
    LARMOR_CHECK(length % 2 == 0 && !inside_defined());
    put_header(tag, vr, length);
}

void Writer::fragment_header(std::uint32_t length) {
    LARMOR_CHECK(length % 2 == 0 && !inside_defined());
    put_item_header(kItem, length);
}

ByteBuffer Writer::take() {
    LARMOR_CHECK(!inside_defined());
    return std::exchange(out_, {});
}

}  // namespace larmor::dicom
