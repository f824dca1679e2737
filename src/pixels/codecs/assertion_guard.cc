// The program's own __assert_fail: the dynamic linker prefers it to the C library's, also for
// the shared libraries. It is the least that keeps a process alive which decodes other people's
// bytes with asserts on; a child process for each frame would cost more than the frame.
#include "pixels/codecs/assertion_guard.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

namespace {

struct Guard {
    std::jmp_buf jump;
    char text[160];
};
thread_local Guard* active_guard = nullptr;

}  // namespace

// The name is the C library's (Linux Standard Base, libc section), reserved for just this.
// NOLINTNEXTLINE(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" [[noreturn]] void __assert_fail(const char* assertion, const char* file,
                                           unsigned int line, const char* function) noexcept {
    if (active_guard != nullptr) {
        std::snprintf(active_guard->text, sizeof active_guard->text, "assertion of %s failed",
                      function);
        std::longjmp(active_guard->jump, 1);
    }
    std::fprintf(stderr, "%s:%u: %s: assertion `%s' failed\n", file, line, function, assertion);
    std::abort();
}

namespace larmor::pixels::codecs {

bool run_guarded(void (*function)(void*), void* argument, std::string& message) {
    Guard guard;
    Guard* const outer = active_guard;
    active_guard = &guard;
    if (setjmp(guard.jump) != 0) {
        active_guard = outer;
        message = guard.text;
        return false;
    }
    function(argument);
    active_guard = outer;
    return true;
}

}  // namespace larmor::pixels::codecs
