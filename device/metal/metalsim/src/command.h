// What a command buffer consists of.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "dispatch.h"

namespace sim {

// Command is a dispatch, something that is done by host code, or a barrier
// (neither).
struct Command {
  std::shared_ptr<const Dispatch> dispatch;
  std::function<void()> host;
  std::vector<std::shared_ptr<Memory>> memory;  // that host touches
};

// Pass is what one encoder encoded. Passes run one after the other.
struct Pass {
  bool concurrent = false;
  std::vector<Command> commands;
};

}  // namespace sim
