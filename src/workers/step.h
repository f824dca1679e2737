#pragma once
#include <functional>
#include <string>
#include <variant>

#include "async/cancel.h"
#include "async/task.h"
#include "db/transaction.h"
#include "queue/message.h"

namespace larmor::workers {

/// What a step has to write: rows, events, next messages. Called on the database's writer in
/// the transaction that removes the step's message, so all of it takes place or nothing: it
/// does no work that could be done before. It may be called again after a rollback, and so
/// uses up nothing of what it captured.
using Effect = std::function<Result<void>(db::Transaction&)>;

struct Done {
    Effect effect{};  ///< may be empty
};
/// Neither done nor dead: delivered again after a while, until its starts are used up.
struct Retry {
    std::chrono::microseconds after{0};
    std::string error{};  ///< never a patient's data
};
/// Never to be tried again by itself.
struct Dead {
    std::string reason;   ///< one word, for counting
    std::string error{};  ///< never a patient's data
};
using Verdict = std::variant<Done, Retry, Dead>;

/// What is done with one kind of message. It is delivered at least once, so a step is
/// idempotent: keyed by what it works on, never by the message.
class Step {
public:
    virtual ~Step() = default;

    /// Runs on the executor of its pool and must not block: reading and decoding go to an
    /// async::WorkerPool. Changes nothing in the database by itself but what may be there twice
    /// or for nothing (an object under the name of its content); the rest is the effect.
    ///
    /// `stop` is cancelled when nobody waits for the result any more: the message was delivered
    /// to somebody else, the step took longer than it may, or the process is about to end. A
    /// step of more than some seconds looks at it; a long run writes how far it got and sends
    /// itself on, as an effect.
    ///
    /// An error becomes a verdict by verdict_of (verdict.h); so does an exception.
    virtual async::Task<Result<Verdict>> run(queue::Message message,
                                             async::CancelToken stop) = 0;
};

}  // namespace larmor::workers
