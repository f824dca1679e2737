#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "api/dicomweb/instance_form.h"
#include "api/located_instance.h"
#include "http/message.h"
#include "objects/mapped_object.h"
#include "objects/object_store.h"
#include "pixels/frame_index.h"
#include "pixels/image_description.h"
#include "pixels/transcode.h"

namespace larmor::api {

/// An instance opened for reading its data set or its frames. All calls block or compute.
struct OpenInstance {
    LocatedInstancePtr located;
    objects::MappedObject object;
    dicom::File file;
    std::optional<pixels::ImageDescription> image;
    /// Of `located`, or made here where preprocess has not come to it yet.
    ByteBuffer frame_index;

    /// Errors: those of the store; InvalidInput where the data set can't be read.
    static Result<std::shared_ptr<OpenInstance>> open(objects::ObjectStore& store,
                                                      LocatedInstancePtr located);
    /// Errors: NotFound for an instance without frames, with the reason.
    Result<pixels::FrameIndexView> index() const;
};
using OpenInstancePtr = std::shared_ptr<OpenInstance>;

/// Whether a file stored in this transfer syntax can go out in Explicit VR Little Endian: told
/// from the syntax alone, a codestream may still turn out to be broken.
bool can_be_explicit(std::string_view transfer_syntax_uid);

/// A stored file written again, with what was edited, in Explicit VR Little Endian or (Edited)
/// in its own transfer syntax, in pieces: Pixel Data that is
/// native and little endian already is sent from its file, other frames are decoded one at a
/// time, so that memory is bounded by two frames. Values never change.
/// Source: PS3.18 section 8.7.3.5, PS3.5 section 8.2.
class ExplicitFile {
public:
    /// Blocks, decodes the first frame. Errors: Unsupported for codings without a decoder,
    /// those of reading and decoding.
    static Result<std::unique_ptr<ExplicitFile>> open(objects::ObjectStore& store,
                                                      OpenInstancePtr instance,
                                                      InstanceForm form);
    /// The next piece, nothing at the end. Blocks.
    Result<std::optional<http::Part>> next();

private:
    ExplicitFile(objects::ObjectStore& store, OpenInstancePtr instance)
        : store_(store), instance_(std::move(instance)) {}
    Result<void> start_edited();
    Result<ByteBuffer> with_edits(ByteBuffer explicit_head) const;
    Result<void> start_plain();
    Result<void> start_native();
    Result<void> start_decoded();
    Result<std::optional<http::Part>> next_swapped();
    Result<std::optional<http::Part>> next_frame();
    void begin(ByteBuffer data_set_head);

    objects::ObjectStore& store_;
    OpenInstancePtr instance_;
    std::vector<http::Part> ready_;  ///< to be sent, first at the front
    std::size_t ready_at_ = 0;
    ByteBuffer tail_;    ///< what follows Pixel Data
    ByteRange to_swap_;  ///< left of big-endian Pixel Data, in the data set
    dicom::Vr swap_vr_ = dicom::vr::OW;
    std::optional<pixels::FrameIndexView> frames_;
    std::optional<pixels::NativePlan> plan_;
    std::optional<pixels::NativeWriter> writer_;
    std::optional<pixels::Frame> first_;  ///< decoded for the plan
    std::uint32_t frame_ = 0;
    std::uint32_t frame_count_ = 0;
};

/// Changes, removes and adds top-level data elements of a data set in Explicit VR Little
/// Endian; group lengths are left out. `changes` ascend by tag. Errors: those of dicom::Reader.
Result<ByteBuffer> apply_changes(Bytes data_set,
                                 const std::vector<pixels::AttributeChange>& changes);

}  // namespace larmor::api
