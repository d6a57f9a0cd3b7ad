#include "encoder.h"

namespace sim {

void Encoder::dispose() {
  if (!ended) {
    violation("%s released without endEncoding", isa->name.c_str());
    commands->open = nullptr;
  }
  release(commands);
}

bool Encoder::usable(const char* what) {
  if (ended) violation("%s after endEncoding", what);
  return !ended;
}

void Encoder::end() {
  if (!usable("endEncoding")) return;
  ended = true;
  commands->open = nullptr;
}

}  // namespace sim
