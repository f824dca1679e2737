#pragma once
#include <memory>
#include <vector>

#include "admission/admission.h"
#include "base/bytes.h"
#include "base/current.h"
#include "larmor/command.h"
#include "larmor/serve_request.h"

namespace larmor {

/// The settings of `larmor serve` that SIGHUP reads again without a restart: how and how much
/// is logged, what is kept free of the disk, and the files of keys. All or none: one that is
/// wrong leaves everything as it was. docs/operating/settings.md lists them.
class LiveSettings {
public:
    using Secrets = std::vector<ByteBuffer>;

    /// Reads the files of keys. Errors: those of reading them, InvalidInput.
    static Result<std::unique_ptr<LiveSettings>> read(const ServeRequest& request);

    std::shared_ptr<const Current<Secrets>> event_secrets() const { return event_secrets_; }
    std::shared_ptr<const Current<Secrets>> webhook_secrets() const { return webhook_secrets_; }

    /// Reads everything again and logs what came of it. `read_again` is of the command line.
    void reload(const std::function<Result<ReadAgain>()>& read_again,
                admission::Admission& admission);

private:
    LiveSettings() = default;
    Result<void> apply(const ReadAgain& read, admission::Admission& admission);

    const std::shared_ptr<Current<Secrets>> event_secrets_ =
        std::make_shared<Current<Secrets>>();
    const std::shared_ptr<Current<Secrets>> webhook_secrets_ =
        std::make_shared<Current<Secrets>>();
};

}  // namespace larmor
