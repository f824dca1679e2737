#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::api {

/// Failure Reason (0008,1197). Source: PS3.18 table I.2-2; A901 as other servers use it.
enum class FailureReason : std::uint16_t {
    ProcessingFailure = 0x0110,
    OutOfResources = 0xa700,
    StudyInstanceUidMismatch = 0xa901,  ///< of the path and of the instance
    CannotUnderstand = 0xc000,
};
FailureReason failure_reason_of(ErrorCode code);

/// Warning Reason (0008,1196): 202 is answered where one is given. Source: PS3.18 table I.2-1,
/// which allows further codes.
enum class WarningReason : std::uint16_t {
    /// Another instance with this SOP Instance UID was here first: this one is kept beside it,
    /// in an image set that is not primary.
    KeptAsConflict = 0xb101,
};

struct InstanceUids {
    std::string_view study;
    std::string_view series;
    std::string_view sop_class;
    std::string_view sop_instance;
};

/// The Store Instances Response Module (PS3.18 annex I) as DICOM JSON, written while the
/// instances go by. Texts go into Error Comment (0000,0902) of their item: at most 256 bytes.
class StoreResponse {
public:
    /// `base` is the URL of the DICOMweb root, without a slash at its end.
    explicit StoreResponse(std::string_view base) : base_(base) {}

    void stored(const InstanceUids& uids);
    void stored_with_warning(const InstanceUids& uids, WarningReason reason,
                             std::string_view comment);
    /// Missing UIDs are left out; without a SOP Instance UID the failure stands in Other
    /// Failures Sequence (0008,119A), which is for bodies that are no instance.
    void failed(const InstanceUids& uids, FailureReason reason, const Error& error);

    std::size_t stored_count() const { return stored_count_; }
    std::size_t failed_count() const { return failed_count_; }

    /// 200: all stored. 202: stored, with warnings or beside failures. Nothing stored: 507 and
    /// 503 where every failure was ours (no space, unavailable), else 409.
    int status() const;
    /// The whole document. Once.
    std::string take_json();

private:
    void begin_item(std::string& sequence);
    void note_study(std::string_view study);

    std::string base_;
    std::string stored_;
    std::string failed_;
    std::string other_;
    std::string study_;  ///< of all stored instances so far; empty once they differ
    bool studies_differ_ = false;
    std::size_t stored_count_ = 0;
    std::size_t warning_count_ = 0;
    std::size_t failed_count_ = 0;
    std::size_t no_space_count_ = 0;
    std::size_t unavailable_count_ = 0;
};

}  // namespace larmor::api
