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

void Encoder::append(Command c) {
  if (pass < commands->passes.size()) commands->passes[pass].commands.push_back(std::move(c));
}

void Encoder::end() {
  if (!usable("endEncoding")) return;
  ended = true;
  commands->open = nullptr;
}

}  // namespace sim
