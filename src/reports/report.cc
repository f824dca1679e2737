#include "reports/report.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmsr/dsrdoc.h>
#include <dcmtk/oflog/oflog.h>

#include <mutex>
#include <sstream>

namespace larmor::reports {
namespace {

/// Reading on over what is broken, as people want to read what there is.
const std::size_t kReadFlags =
    DSRTypes::RF_acceptUnknownRelationshipType | DSRTypes::RF_acceptInvalidContentItemValue |
    DSRTypes::RF_ignoreRelationshipConstraints | DSRTypes::RF_ignoreContentItemErrors |
    DSRTypes::RF_skipInvalidContentItems;
const std::size_t kHtmlFlags =
    DSRTypes::HF_renderFullData | DSRTypes::HF_omitGeneratorMetaElement |
    DSRTypes::HF_useCodeMeaningAsUnit | DSRTypes::HF_addDocumentTypeReference;

constexpr std::string_view kStyle =
    "<style>body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;"
    "max-width:48rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse}td{padding:.1rem 1rem .1rem 0;vertical-align:top}"
    "hr{border:0;border-top:1px solid #c9d1d9;margin:1rem 0}h1{font-size:1.5rem}"
    "h2{font-size:1.25rem}h3,h4,h5,h6{font-size:1rem}</style>\n";

std::string with_style(std::string html) {
    const auto end_of_head = html.find("</head>");
    return end_of_head == std::string::npos ? html : html.insert(end_of_head, kStyle);
}

/// DCMTK points from references to a program of its own on this machine, which nobody has: only
/// the words stay. Text of the report can't look like this, its markup is escaped.
std::string without_links(std::string_view html) {
    constexpr std::string_view kLink = "<a href=\"http://localhost/dicom.cgi";
    constexpr std::string_view kEnd = "</a>";
    std::string out;
    out.reserve(html.size());
    while (true) {
        const auto link = html.find(kLink);
        const auto opened = html.find('>', link);
        const auto closed = html.find(kEnd, link);
        if (link == std::string_view::npos || opened == std::string_view::npos ||
            closed == std::string_view::npos || closed < opened) {
            return out.append(html);
        }
        out.append(html.substr(0, link)).append(html.substr(opened + 1, closed - opened - 1));
        html.remove_prefix(closed + kEnd.size());
    }
}

tl::unexpected<Error> not_understood(std::string_view what) {
    return fail(ErrorCode::Unsupported, "the report can't be understood: " + std::string(what));
}

}  // namespace

bool is_report(std::string_view sop_class_uid) {
    return sop_class_uid.starts_with("1.2.840.10008.5.1.4.1.1.88.");
}

Result<Report> render_report(Bytes data_set) {
    if (data_set.size() > kReportMaxBytes) {
        return not_understood(std::to_string(data_set.size()) + " bytes, the limit is " +
                              std::to_string(kReportMaxBytes));
    }
    static std::once_flag once;
    // It would print values of patients.
    std::call_once(once, [] {
        OFLog::getLogger("dcmtk.dcmsr").setLogLevel(OFLogger::OFF_LOG_LEVEL);
        OFLog::getLogger("dcmtk.dcmdata").setLogLevel(OFLogger::OFF_LOG_LEVEL);
    });
    DcmInputBufferStream stream;
    stream.setBuffer(data_set.data(), static_cast<offile_off_t>(data_set.size()));
    stream.setEos();
    DcmDataset read;
    read.transferInit();
    const auto loaded = read.read(stream, EXS_LittleEndianExplicit);
    read.transferEnd();
    if (loaded.bad()) return not_understood(loaded.text());

    DSRDocument document;
    if (const auto understood = document.read(read, kReadFlags); understood.bad()) {
        return not_understood(understood.text());
    }
    Report report;
    std::ostringstream html;
    if (const auto done = document.renderHTML(html, kHtmlFlags); done.bad()) {
        return not_understood(done.text());
    }
    report.html = with_style(without_links(html.str()));
    std::ostringstream text;
    if (const auto done = document.print(text); done.bad()) return not_understood(done.text());
    report.text = text.str();
    return report;
}

}  // namespace larmor::reports
