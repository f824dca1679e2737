#pragma once
#include <functional>
#include <optional>

#include "catalog/catalog.h"
#include "dicom/file.h"
#include "objects/object_store.h"
#include "preprocess/image_frames.h"

namespace larmor::preprocess {

/// Takes the codestreams of an object, one behind the other.
using TakeBytes = std::function<Result<void>(Bytes)>;

/// Makes the image frames of an open file: pixels that were stored without loss become HTJ2K,
/// each frame decoded again by another decoder and compared before it counts; lossy ones,
/// video, and samples of 1 bit or more than 16 stay as they are. Where a frame can't be coded
/// so, all of them stay as they are. `restart` is called before codestreams are given a second
/// time. An instance without images has no frames. Computes. Errors: those of `take`.
Result<ImageFrames> make_image_frames(const dicom::File& file, const TakeBytes& take,
                                      const std::function<void()>& restart);

/// The bytes of a single frame, from 0, as they would be made.
struct MadeImageFrame {
    ImageFrames::Form form = ImageFrames::Form::AsStored;
    ByteBuffer bytes;
};
/// Errors: NotFound (no such frame), InvalidInput where it can't be read.
Result<MadeImageFrame> make_image_frame(const dicom::File& file, std::uint32_t frame);

/// What was made, in its place where nobody sees it yet.
struct StagedImageFrames {
    ImageFrames frames;
    objects::StagedObject object;
};
/// Makes and stages the object for an instance in the store, of which no more than a frame and
/// one small object are in memory. Blocks. Errors: those of the store; InvalidInput where the
/// file can't be opened.
Result<StagedImageFrames> stage_image_frames(objects::ObjectStore& store,
                                             const objects::ObjectLocation& file,
                                             std::string key);
/// Records it for the stored file `file`; lets go of it where another one was first. Errors:
/// those of the store and of the database.
Result<void> record_image_frames(db::Transaction& tx, objects::ObjectStore& store,
                                 catalog::Catalog& catalog, objects::ObjectId file,
                                 const objects::StagedObject& staged);
/// The key of such an object.
std::string image_frames_key(const catalog::StoredInstance& instance);
/// The same without an object, for when there is no room for one.
Result<ImageFrames> describe_image_frames(objects::ObjectStore& store,
                                          const objects::ObjectLocation& file);

}  // namespace larmor::preprocess
