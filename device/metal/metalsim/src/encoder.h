// What all encoders share.
#pragma once
#include "command_buffer.h"

namespace sim {

struct Encoder : Object {
  CommandBuffer* commands = nullptr;  // retained
  size_t pass = 0;                    // which of its passes is ours
  bool ended = false;

  void dispose() override;
  // usable reports a use after endEncoding.
  bool usable(const char* what);
  void end();
  void append(Command c);
};

// open starts a pass of the command buffer, or returns nil with a violation.
template <class T>
T* open_encoder(CommandBuffer* c, const char* what, bool concurrent) {
  if (!c->editable(what)) return nullptr;
  auto e = make<T>();
  e->commands = c;
  retain(c);
  e->pass = c->passes.size();
  c->begin(e, concurrent);
  autorelease(e);
  return e;
}

}  // namespace sim
