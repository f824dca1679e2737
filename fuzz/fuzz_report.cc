// Any DICOM JSON as a structured report: a page without a script, or a reason.
#include "dicom/json_read.h"
#include "reports/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larmor;
    const auto data_set = dicom::read_json(as_text(std::as_bytes(std::span(data, size))));
    if (!data_set) return 0;
    const auto report = reports::render_report(*data_set);
    if (!report) {
        LARMOR_CHECK(report.error().code == ErrorCode::Unsupported);
        return 0;
    }
    LARMOR_CHECK(report->html.find("<script") == std::string::npos);
    LARMOR_CHECK(!report->text.empty());
    return 0;
}
