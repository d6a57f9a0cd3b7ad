// Missing barriers.
//
// The dispatches of a concurrent encoder between two barriers may run in any
// order. So they are run twice on copies of the memory that they may write, as
// encoded and the other way round; where the results differ a barrier is
// missing. Programs whose dispatches do not depend on each other can never
// differ. What it cannot see: a missing barrier that on these data makes no
// difference (such as a second run that finds the first one's results), and
// hazards between queues. Dispatches that meet only through atomics whose
// order shows, such as sums of floats, are taken for dependent.
#pragma once
#include <string>
#include <vector>

#include "dispatch.h"

namespace sim {

// run_unordered runs dispatches between which there is no barrier, and reports
// one that is missing. It returns what went wrong, or "".
std::string run_unordered(const std::vector<const Dispatch*>& dispatches);

}  // namespace sim
