#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace larmor::reports {

/// Whether an instance of this SOP class is a structured report or a key object selection:
/// PS3.4 table B.5-1.
bool is_report(std::string_view sop_class_uid);

/// Larger data sets are not rendered.
inline constexpr std::size_t kReportMaxBytes = std::size_t{16} << 20;

/// A structured report for people to read, in UTF-8.
struct Report {
    std::string html;  ///< a page of its own: no script, nothing from elsewhere
    std::string text;
};

/// Renders the data set of a report, in Explicit VR Little Endian with text as ISO_IR 192 (what
/// dicom::read_json gives). What is wrong with single content items costs these items.
/// Errors: Unsupported where it is no report that can be understood, or over kReportMaxBytes.
Result<Report> render_report(Bytes data_set);

}  // namespace larmor::reports
