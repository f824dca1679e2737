#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "http/router.h"

namespace larmor::api {

/// The Capabilities Description of the service whose routes lie under `/dicomweb`: a WADL
/// document (W3C member submission of 31 August 2009) that names every resource, its methods,
/// what they take and what they answer. Made of the routes themselves, so that it names what
/// there is. `base`: `http://host/dicomweb`. Source: PS3.18 section 8.9 and annex H.
std::string capabilities_document(const std::vector<const http::Route*>& routes,
                                  std::string_view base);

}  // namespace larmor::api
