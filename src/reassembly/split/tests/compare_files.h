#pragma once
#include <string>
#include <vector>

#include "dicom/file.h"

namespace larmor::reassembly::test {

/// How `made` differs from the file that it was made of, in the sense of re-assembly: same tags
/// and VRs; text equal after decoding and trimming; DS and IS numerically equal, and legal
/// where they were; group lengths and (FFFC,FFFC) ignored; native pixels byte for byte in
/// little endian, encapsulated frames codestream for codestream, even padding ignored. Empty:
/// equal. (0008,0005) may become ISO_IR 192; text must be equal then, too.
std::vector<std::string> differences(const dicom::File& original, const dicom::File& made);

/// The data elements without pixels alone.
std::vector<std::string> data_set_differences(const dicom::File& original,
                                              const dicom::File& made);

}  // namespace larmor::reassembly::test
