#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dimse/services.h"

namespace larmor::dimse {

/// An instance that is to be sent, in each encoding that there is of it.
class DataSetSource {
public:
    virtual ~DataSetSource() = default;
    virtual const std::string& sop_class_uid() const = 0;
    virtual const std::string& sop_instance_uid() const = 0;
    /// Of what is stored, the primary encoding first.
    virtual const std::vector<std::string>& transfer_syntaxes() const = 0;
    /// Whether it can be written in Explicit or Implicit VR Little Endian.
    virtual bool can_be_plain() const = 0;

    enum class Last : bool { No, Yes };
    using Take = std::function<Result<void>(Bytes piece, Last last)>;
    /// The data set in one of `transfer_syntaxes`, as stored. Blocks. Errors: those of `take`
    /// and of reading.
    virtual Result<void> read_stored(const std::string& transfer_syntax, const Take& take) = 0;
    /// Written again in one of the two plain ones; its values do not change. Errors also:
    /// Unsupported, LimitExceeded (an Implicit VR one is made in memory).
    virtual Result<void> read_plain(const std::string& transfer_syntax, const Take& take) = 0;
};

/// Of the library; `instance` was read in a snapshot that may be gone. Errors: those of the
/// catalog.
Result<std::unique_ptr<DataSetSource>> open_stored(const Services& services,
                                                   catalog::InstanceRow instance);

/// Of a DICOM file. Compressed pixels stay as they are: only native ones can be written in
/// another encoding. Errors: those of dicom::open_file; InvalidInput without SOP UIDs.
Result<std::unique_ptr<DataSetSource>> open_file_source(const std::filesystem::path& path);

}  // namespace larmor::dimse
