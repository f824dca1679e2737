#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dimse/identifier.h"
#include "dimse/services.h"

namespace larmor::dimse {

/// An instance that a retrieval is about.
struct RetrieveItem {
    catalog::InstanceRow row{};
    std::string study_instance_uid;
    std::string sop_class_uid;
    std::string sop_instance_uid;
    std::string transfer_syntax;  ///< of its primary encoding
};
using RetrieveList = std::vector<RetrieveItem>;

/// Of one retrieval; more must be asked for in parts.
inline constexpr std::size_t kRetrieveMax = 65'535;  // sub-operations are counted in US

/// Everything that fits the unique keys, read a page at a time. Errors: LimitExceeded.
Result<RetrieveList> list_instances(const Services& services, const Identifier& identifier);

/// The sub-operations of a retrieval.
struct RetrieveTally {
    std::uint16_t remaining = 0;
    std::uint16_t completed = 0;
    std::uint16_t failed = 0;
    std::uint16_t warning = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string> failed_uids;

    void count(const std::string& sop_instance_uid, std::uint16_t store_status);
    /// What is left of the list was not done.
    void fail_rest(const RetrieveList& list, std::size_t from);
    /// Source: PS3.4 sections C.4.2.1.5 and C.4.3.1.4.
    std::uint16_t status() const;
};

/// The data set of a last response: Failed SOP Instance UID List, as much of it as a value may
/// hold.
ByteBuffer encode_failed(const RetrieveTally& tally, dicom::Encoding encoding);

}  // namespace larmor::dimse
