// MTLSize.
#pragma once

namespace sim {

struct Size {
  unsigned long width, height, depth;
  unsigned long product() const { return width * height * depth; }
};

}  // namespace sim
