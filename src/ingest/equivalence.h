#pragma once
#include <cstdint>

#include "base/bytes.h"
#include "base/hash.h"
#include "dicom/file.h"

namespace larmor::ingest {

/// What two files with one SOP Instance UID are to each other. Decides what a second arrival
/// becomes; see "Duplicates" in ARCHITECTURE.md.
enum class Equivalence : std::uint8_t {
    Same,         ///< equal data sets and equal frames: the second arrival changes nothing
    OtherCoding,  ///< equal in everything but the transfer syntax: an alternate of the first
    Different,    ///< a conflict
};

/// Compares without file meta information, group lengths, padding of values and data set
/// trailing padding. Between two transfer syntaxes the frames are compared as decoded, and
/// Photometric Interpretation and Planar Configuration, which a coding may change (PS3.5
/// section 8.2), are left out. What cannot be read or decoded is Different: two files are never
/// called equal on a guess.
Equivalence compare(const dicom::File& first, const dicom::File& second);

/// SHA-256 over the data set in a form that is the same for every encoding of it, without what
/// `compare` leaves out and without pixel data. Errors: those of dicom::Reader.
enum class CodingAttributes : bool { Leave, Include };
Result<Sha256> data_set_digest(const dicom::File& file, CodingAttributes coding);

}  // namespace larmor::ingest
