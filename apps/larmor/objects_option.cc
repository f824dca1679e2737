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

void add_import_places_option(CLI::App& command, std::vector<std::string>& addresses) {
    command
        .add_option("--import-s3", addresses,
                    "places in S3, as s3://BUCKET/PREFIX?endpoint=URL, in which imports that "
                    "are asked for by HealthImaging's API (inputS3Uri, outputS3Uri) may read "
                    "and write; none without it. Credentials as for --objects")
        ->delimiter(',')
        ->envname("LARMOR_IMPORT_S3");
}

}  // namespace larmor
