#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "api/dicomweb/instance_form.h"
#include "api/dicomweb/locate.h"
#include "api/media_choice.h"

namespace larmor::api {

/// What a retrieval names, and in which forms the client takes it, best first.
struct Retrieval {
    ResourcePath path;
    std::vector<MediaChoice> choices;
};
/// Errors: those of resource_path and of the Accept field.
Result<Retrieval> read_retrieval(const http::Request& request);

/// `<type>; transfer-syntax=<uid>`.
std::string with_transfer_syntax(std::string_view type, std::string_view uid);

/// All encodings of an instance that are stored: the primary first, then its alternates, each
/// with the location of its own file (and without a frame index). Blocks.
Result<std::vector<LocatedInstancePtr>> stored_encodings(const Context& context,
                                                         LocatedInstancePtr primary);

/// Their transfer syntaxes, in the same order.
std::vector<std::string_view> syntaxes_of(const std::vector<LocatedInstancePtr>& encodings);

/// An instance as it goes out: which encoding of it, and how.
struct ChosenInstance {
    LocatedInstancePtr located;
    InstanceForm form = InstanceForm::AsStored;
    MediaChoice::Form body = MediaChoice::Form::Multipart;

    std::string_view transfer_syntax() const;
};
/// Looks for alternates only where the primary would have to be written again or does not fit.
/// Blocks. Errors: Unsupported (406) where none fits.
Result<ChosenInstance> choose_instance(const Context& context, LocatedInstancePtr primary,
                                       const std::vector<MediaChoice>& choices);

}  // namespace larmor::api
