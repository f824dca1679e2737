#include "larmor/objects_option.h"

#include <CLI/CLI.hpp>

namespace larmor {

void add_objects_option(CLI::App& command, std::string& address) {
    command
        .add_option("--objects", address,
                    "where the bytes of a new library are to be, as "
                    "s3://BUCKET/PREFIX?endpoint=URL: in S3 instead of its folder, which "
                    "remembers it. Credentials are those of AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or of ~/.aws/credentials")
        ->envname("LARMOR_OBJECTS");
}

}  // namespace larmor
