#include "objects/s3/md5.h"

#include <openssl/evp.h>

namespace larmor::objects::s3 {

ByteBuffer md5(Bytes bytes) {
    ByteBuffer digest(16);
    unsigned size = 0;
    LARMOR_CHECK(EVP_Digest(bytes.data(), bytes.size(),
                            reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_md5(),
                            nullptr) == 1);
    return digest;
}

}  // namespace larmor::objects::s3
