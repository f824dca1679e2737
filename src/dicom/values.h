#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "dicom/charset.h"
#include "dicom/reader.h"

namespace larmor::dicom {

// Values of single data elements: functions of bytes and VR. ---------------------------------

/// `value` without the padding that its VR says has no meaning: trailing blanks and NULs, in
/// AE, CS, DS and IS leading blanks too. Of several values the outer padding only. Source:
/// PS3.5 table 6.2-1.
std::string_view trimmed(Bytes value, Vr vr);

/// True when 5C parts values: all text VRs but ST, LT, UT and UR. Source: PS3.5 section 6.4.
bool splits_at_backslash(Vr vr);

/// The values of a text element as UTF-8, each trimmed. Empty values stay as empty strings; an
/// element without value has none. DS and IS come as their text.
std::vector<std::string> texts(Bytes value, Vr vr, CharacterSet character_set);

/// The bytes of one value of a binary VR; 1 for text, whose values have no fixed size.
std::size_t unit_size(Vr vr);

/// How many values `value` has: by its size for binary numbers, by delimiters for text.
std::size_t value_count(Bytes value, Vr vr);

/// The value at `index` of US SS UL SL UV SV IS AT (AT as 0xGGGGEEEE), and of OB OW OL OV as
/// unsigned words. Empty when there is none, it is no number or does not fit.
std::optional<std::int64_t> integer(Bytes value, Vr vr, ByteOrder order, std::size_t index = 0);

/// The value at `index` of DS FL FD OF OD and of everything that `integer` reads. Empty also
/// for NaN and infinity.
std::optional<double> decimal(Bytes value, Vr vr, ByteOrder order, std::size_t index = 0);

/// A DS or IS text as a number: blanks around it and a leading `+` are allowed.
std::optional<double> parse_decimal(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

using Date = std::chrono::year_month_day;
/// DA `20260102`, also the retired `2026.01.02`. Empty for anything else or no day of the
/// calendar. Source: PS3.5 section 6.2.
std::optional<Date> parse_date(std::string_view text);

/// TM `HHMMSS.FFFFFF` or its beginnings from `HH`, also the retired `HH:MM:SS`; a leap second
/// 60 is kept. The point of time after midnight at which the stated time begins.
std::optional<std::chrono::microseconds> parse_time(std::string_view text);

/// DT `YYYYMMDDHHMMSS.FFFFFF&ZZXX` or its beginnings from `YYYY`: the moment at which it
/// begins.
struct DateTime {
    Date date;
    std::chrono::microseconds time{};
    std::optional<std::chrono::minutes> offset_from_utc;
};
std::optional<DateTime> parse_date_time(std::string_view text);

/// A PN value: up to three component groups. Source: PS3.5 section 6.2.1.
struct PersonName {
    std::string_view alphabetic;
    std::string_view ideographic;
    std::string_view phonetic;
};
/// Parts one value at `=`; a fourth group is ignored. Groups are trimmed.
PersonName parse_person_name(std::string_view utf8);
/// Family, given, middle name, prefix, suffix of one group, each trimmed.
std::array<std::string_view, 5> person_name_components(std::string_view group);

// Access by tag. ------------------------------------------------------------------------------

/// The top level of a data set, indexed in one pass: for whoever needs more than one or two
/// data elements (for those: find of reader.h). Views the bytes, which must outlive it. Text
/// and numbers come out empty when the element is missing, empty or no such thing; only
/// malformed encoding is an error.
class Attributes {
public:
    /// Indexes up to and including `last`, so that Pixel Data need not be passed when not asked
    /// for. Nested sequences are skipped over, not checked. Of a repeated tag the last one
    /// counts. Errors: those of Reader.
    static Result<Attributes> read(Bytes data_set, Encoding encoding,
                                   Tag last = {0xffff, 0xffff}, CharacterSet inherited = {});

    const DataElement* find(Tag tag) const;
    const std::vector<DataElement>& elements() const { return elements_; }  ///< sorted by tag
    CharacterSet character_set() const { return character_set_; }
    Bytes data_set() const { return data_set_; }
    Encoding encoding() const { return encoding_; }

    /// The first value as UTF-8, trimmed; empty when there is none.
    std::string text(Tag tag) const;
    std::vector<std::string> texts(Tag tag) const;
    std::optional<std::int64_t> integer(Tag tag, std::size_t index = 0) const;
    std::optional<double> decimal(Tag tag, std::size_t index = 0) const;
    /// All values; empty when one of them is no number.
    std::vector<double> decimals(Tag tag) const;
    std::optional<Date> date(Tag tag) const;
    std::optional<std::chrono::microseconds> time(Tag tag) const;

    /// The items of a sequence, each with the character set it inherits. No sequence: no items.
    /// Errors: those of Reader.
    Result<std::vector<Attributes>> items(Tag sequence) const;

private:
    std::vector<DataElement> elements_;
    Bytes data_set_;
    Encoding encoding_;
    CharacterSet character_set_;
};

}  // namespace larmor::dicom
