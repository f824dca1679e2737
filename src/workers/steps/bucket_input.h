#pragma once
#include <memory>
#include <string>

#include "ingest/import_input.h"
#include "objects/s3/client.h"

namespace larmor::workers {

/// The objects of a bucket whose keys begin with a prefix, in the order of their keys: DICOM
/// files and archives of them. Small ones are asked for some at a time, ahead of who takes
/// them. Items are named by their keys.
/// What can't be had (gone meanwhile, in a cold tier, refused) is refused with its reason; a
/// server that is away ends the walk, as Unavailable.
class BucketInput final : public ingest::ImportInput {
public:
    BucketInput(std::unique_ptr<objects::s3::Client> client, std::string prefix)
        : client_(std::move(client)), prefix_(std::move(prefix)) {}

    Result<ingest::WalkTotal> total(const std::function<bool()>& go_on) override;
    Result<void> walk(ingest::WalkVisitor& visitor, const ingest::WalkPosition& from) override;

private:
    class Objects;
    const std::unique_ptr<objects::s3::Client> client_;
    const std::string prefix_;
};

}  // namespace larmor::workers
