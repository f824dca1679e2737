#pragma once
#include <vector>

#include "queue/message_rows.h"

namespace larmor::queue {

/// The statements on dead letters, and on many rows at a time, that all drivers share.

Result<std::vector<DeadLetter>> read_dead_letters(db::Snapshot& snapshot, std::int64_t queue,
                                                  MessageId after, std::size_t limit);
/// Errors: NotFound.
Result<std::string> read_stored_body(db::Snapshot& snapshot, MessageId id);

/// Sends the dead letter anew as message `as`; false where there is none of that id.
Result<bool> redrive_letter(Work& work, MessageId letter, MessageId as);

/// Removes the newest of the messages, or the oldest of the dead letters, with ids up to
/// `last`. Give how many.
Result<std::int64_t> purge_messages(Work& work, MessageId last, std::size_t limit);
Result<std::int64_t> purge_letters(Work& work, MessageId last, std::size_t limit);

}  // namespace larmor::queue
