// Any bytes as a document of the Native DICOM Model: what is read as JSON is JSON, and a second
// time through XML says the same.
#include "dicom/json_read.h"
#include "dicom/native_xml.h"
#include "dicom/native_xml_read.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larmor;
    const Bytes input = std::as_bytes(std::span(data, size));
    const auto json = dicom::json_of_native_xml(as_text(input));
    if (!json) {
        LARMOR_CHECK(!json.error().message.empty());
        return 0;
    }
    const auto objects = dicom::split_json_array(*json);
    LARMOR_CHECK(objects.has_value() && objects->size() == 1);
    const auto data_set = dicom::read_json(*json);
    const auto documents = dicom::native_xml_of("[" + *json + "]");
    if (!data_set || !documents) return 0;
    const auto again = dicom::json_of_native_xml(documents->front());
    LARMOR_CHECK(again.has_value());
    const auto same = dicom::read_json(*again);
    LARMOR_CHECK(same.has_value() && *same == *data_set);
    return 0;
}
