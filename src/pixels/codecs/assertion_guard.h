#pragma once
#include <string>

namespace larmor::pixels::codecs {

/// Runs `function(argument)` and comes back even where a C library's assert() fails in it:
/// Debian builds OpenJPEG and CharLS with asserts on, and broken codestreams reach them. False
/// then, with the assertion in `message`. Nothing between here and the library may need a
/// destructor. Outside of a guarded call a failing assert ends the process as ever.
bool run_guarded(void (*function)(void*), void* argument, std::string& message);

/// The same for a lambda that captures by reference.
template <typename Function>
bool guarded(Function function, std::string& message) {
    return run_guarded([](void* body) { (*static_cast<Function*>(body))(); }, &function,
                       message);
}

}  // namespace larmor::pixels::codecs
