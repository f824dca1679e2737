#pragma once
#include <string>

#include "base/bytes.h"

namespace larmor::objects::s3 {

/// MD5, 16 bytes: S3 wants it in Content-MD5 and uses it for ETags. No protection against
/// people.
ByteBuffer md5(Bytes bytes);

}  // namespace larmor::objects::s3
