#pragma once
#include <string>
#include <string_view>

#include "queue/queues.h"

namespace larmor::api {

// What /v1/queues does and answers, for the server and for `larmor queue` on a library that
// nobody has open. All of it blocks; errors are those of queue::Queue and of the JSON.

/// `{"queues":[..]}`, by name.
Result<std::string> json_of_queues(queue::Queues& queues);
/// See append_queue_json.
Result<std::string> json_of_queue(queue::Queues& queues, const std::string& name);

struct PutQueue {
    std::string json;  ///< the queue
    bool is_new = false;
};
/// Makes or changes it: what `body` does not say stays as it is. Errors: Denied for the
/// program's own.
Result<PutQueue> put_queue(queue::Queues& queues, const std::string& name,
                           std::string_view body);

struct LetterPage {
    queue::MessageId after{};
    std::size_t limit = 100;
};
inline constexpr std::size_t kLettersListedMax = 1000;
/// `{"dead_letters":[..],"next":"17"}`, without `next` where no more follow.
Result<std::string> json_of_dead_letters(queue::Queues& queues, const std::string& name,
                                         const LetterPage& page);
/// One, with its body. Errors: NotFound.
Result<std::string> json_of_dead_letter(queue::Queues& queues, const std::string& name,
                                        queue::MessageId id);

/// How many were sent anew; `body` as parse_redrive_request takes it. Of the queue of the jobs
/// it is their jobs that go on: see jobs::redrive.
Result<std::int64_t> redrive_letters(db::Database& database, queue::Queues& queues,
                                     const std::string& name, std::string_view body);
/// How many were removed; `body` as parse_purge_request takes it.
Result<std::int64_t> purge_queue(queue::Queues& queues, const std::string& name,
                                 std::string_view body);

}  // namespace larmor::api
