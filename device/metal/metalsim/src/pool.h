// Autorelease pools, a stack of them for each thread.
#pragma once
#include <cstddef>

namespace sim {

// open_pools returns how many pools this thread has open.
size_t open_pools();

}  // namespace sim
