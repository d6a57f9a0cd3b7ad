// The GPU.
#pragma once
#include "nserror.h"

namespace sim {

struct CommandBuffer;

double seconds_now();  // of a clock that never goes back

// execute runs all commands. The result's code is 0 if they succeeded.
Failure execute(CommandBuffer& c);

}  // namespace sim
