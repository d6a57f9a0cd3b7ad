// Faults on command.
#pragma once
#include <cstddef>

#include "nserror.h"

namespace sim {

// Points are calls that can be told to return nil (or false). Numbers are
// those of metalsim.Point.
enum class Point { device, queue, buffer, library, pipeline, command_buffer, mps, residency, devices, count };

// fails reports whether this call has to fail, and counts it.
bool fails(Point p);

// CommandFault is what happens to one command buffer.
struct CommandFault {
  long code = 0;       // of command_buffer_domain; 0: none
  size_t after = 0;    // commands that still run
  bool hangs = false;  // before the first command
};

// next_command_fault takes the fault of the command buffer that starts now.
CommandFault next_command_fault();

// wait_released waits until hanging command buffers are let go, and returns
// the code that they end with; 0: they run.
long wait_released();

}  // namespace sim
