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

/// The tag of a multipart body: weak, since its boundary is another one each time. `text` has
/// no quotes (PS3.18 says nothing of tags, RFC 9110 section 8.8.1 does).
std::string weak_etag(std::string_view text);
/// The answer to a client that has this already (If-None-Match); nothing to others. Ranges of
/// multipart bodies are not served: RFC 9110 section 13.1.5 wants a strong tag for them.
std::optional<http::Response> not_modified(const http::Request& request,
                                           const std::string& etag);

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
/// The primary as it is stored, where that is what is asked for: a file, with file meta
/// information (`is_file`), or whatever it is for `*`. Blocks nobody.
std::optional<ChosenInstance> choose_primary(const LocatedInstancePtr& primary,
                                             const std::vector<MediaChoice>& choices,
                                             bool is_file);
/// Looks for alternates only where the primary would have to be written again or does not fit.
/// Blocks. Errors: Unsupported (406) where none fits.
Result<ChosenInstance> choose_instance(const Context& context, LocatedInstancePtr primary,
                                       const std::vector<MediaChoice>& choices);

}  // namespace larmor::api
