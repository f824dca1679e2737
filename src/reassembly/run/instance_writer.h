#pragma once
#include "reassembly/fuse/image_facts.h"
#include "reassembly/run/output.h"

namespace larmor::reassembly::run {

/// A metadata half, and what it says.
struct Known {
    fuse::MetadataHalf half;
    fuse::ImageFacts facts;
};
/// Of what fuse::encode made. Errors: those of fuse::decode and fuse::image_facts.
Result<Known> read_known(Bytes encoded);

/// `instances/<study>/<series>/<instance>.dcm`. Halves don't contradict each other because a
/// UID above the instance's is missing or none: that has a name that is no UID.
std::string key_of(const fuse::ImageFacts& facts);

/// A member with as much of it in memory as fusing needs, and the rest behind that.
struct Given {
    fuse::ImageMember member;
    MemberBytes bytes;
};

enum class Place : std::uint8_t {
    Free,    ///< where the instance belongs, if nothing is there, else staged
    Staged,  ///< in any case: it does not belong anywhere
};

/// An instance that is fused, to be written while the bytes of its members are there.
struct FusedInstance {
    fuse::FusedFile file;
    std::vector<MemberBytes> members;
};

/// Finds the digests of those whose bytes are all in memory, two at a time.
void hash_in_pairs(std::span<FusedInstance*> instances);

/// Fuses both halves of an instance and writes the file.
class InstanceWriter {
public:
    /// Both outlive it.
    InstanceWriter(Output& output, const fuse::FuseOptions& fuse)
        : output_(&output), fuse_(&fuse) {}

    /// What came of fusing goes into `event`; nothing where there is no file to write.
    std::optional<FusedInstance> make(const Known& known, std::span<Given> members,
                                      Event& event) const;
    /// Writes what `make` made. `staged_name` is of this instance and these members
    /// alone; a file that has it is of an attempt that was broken off. Errors: those of
    /// writing.
    Result<void> write(FusedInstance instance, Place place, const std::string& staged_name,
                       Event& event) const;
    /// Both, one behind the other.
    Result<void> write(const Known& known, std::span<Given> members, Place place,
                       const std::string& staged_name, Event& event) const;

private:
    Output* output_;
    const fuse::FuseOptions* fuse_;
};

}  // namespace larmor::reassembly::run
