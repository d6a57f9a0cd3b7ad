// What the program under test did wrong.
#pragma once

namespace sim {

// violation records a text. From any thread; never blocks on a lock of ours.
void violation(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace sim
