#include "command_buffer.h"

#include "fault.h"
#include "queue.h"

namespace sim {

Object* new_command_buffer(Queue* q, bool retains) {
  if (fails(Point::command_buffer)) return nullptr;
  q->lane->opened();
  auto c = make<CommandBuffer>();
  c->queue = q;
  c->lane = q->lane;
  retain(q);
  c->retains = retains;
  return autorelease(c);
}

void CommandBuffer::dispose() {
  if (status != not_enqueued && !handled) {
    violation("MTLCommandBuffer released too often: it is in flight");
    return;
  }
  for (Block* b : scheduled_handlers) free_block(b);
  for (Block* b : completed_handlers) free_block(b);
  scheduled_handlers.clear();
  completed_handlers.clear();
  if (status == not_enqueued) {
    lane->closed_one();
    if (retains) drop_references();
  }
  passes.clear();
  references.clear();
  release(queue);
}

bool CommandBuffer::editable(const char* what) {
  if (status != not_enqueued) {
    violation("%s: the command buffer is already committed", what);
    return false;
  }
  if (open) violation("%s: another encoder of the command buffer is still open", what);
  return !open;
}

Pass* CommandBuffer::begin(Object* encoder, bool concurrent) {
  open = encoder;
  passes.push_back({concurrent, {}});
  return &passes.back();
}

void CommandBuffer::reference(Object* o) {
  bool first = references.emplace(o, o->serial).second;
  if (first && retains) retain(o);
}

void CommandBuffer::hold_references() {
  if (retains) return;
  for (auto r = references.begin(); r != references.end();) {
    auto [o, serial] = *r;
    if (alive(o, serial)) {
      o->in_flight++;
      r++;
    } else {
      violation("commit: an object that the command buffer uses was released, and it does not retain what it uses");
      r = references.erase(r);
    }
  }
}

void CommandBuffer::drop_references() {
  for (auto [o, serial] : references) {
    if (retains) release(o);
    else o->in_flight--;
  }
  references.clear();
}

void CommandBuffer::finish(Status s) {
  std::lock_guard<std::mutex> l(lock);
  status = s;
  changed.notify_all();
}

static void commit(CommandBuffer* c, Selector) {
  if (c->status != not_enqueued) {
    violation("commit: the command buffer is already committed");
    return;
  }
  if (c->open) {
    violation("commit: an encoder of the command buffer is still open");
    return;
  }
  c->hold_references();
  c->finish(committed);
  c->lane->submit(c);
}

static void add_handler(CommandBuffer* c, const char* what, std::vector<Block*>& to, Block* b) {
  if (c->status != not_enqueued) {
    violation("%s: the command buffer is already committed", what);
  } else if (!b) {
    violation("%s: no block", what);
  } else {
    to.push_back(copy_block(b));
  }
}

static void wait_until_completed(CommandBuffer* c, Selector) {
  const char* what = "waitUntilCompleted";
  if (c->status == not_enqueued) {
    violation("%s: the command buffer is not committed", what);
    return;
  }
  if (in_handler()) {
    violation("%s in a completion handler", what);
    return;
  }
  std::unique_lock<std::mutex> l(c->lock);
  c->changed.wait(l, [&] { return c->handled; });
}

static void wait_until_scheduled(CommandBuffer* c, Selector) {
  if (c->status == not_enqueued) {
    violation("waitUntilScheduled: the command buffer is not committed");
    return;
  }
  std::unique_lock<std::mutex> l(c->lock);
  c->changed.wait(l, [&] { return c->status >= scheduled; });
}

[[maybe_unused]] static const bool command_buffer_methods = [] {
  const char* c = CommandBuffer::class_name;
  method(c, "commit", commit);
  method(c, "waitUntilCompleted", wait_until_completed);
  method(c, "waitUntilScheduled", wait_until_scheduled);
  method(c, "addCompletedHandler:", +[](CommandBuffer* c, Selector, Block* b) {
    add_handler(c, "addCompletedHandler:", c->completed_handlers, b);
  });
  method(c, "addScheduledHandler:", +[](CommandBuffer* c, Selector, Block* b) {
    add_handler(c, "addScheduledHandler:", c->scheduled_handlers, b);
  });
  method(c, "status", +[](CommandBuffer* c, Selector) { return (unsigned long)c->status; });
  method(c, "error", +[](CommandBuffer* c, Selector) -> Object* {
    return c->status == failed ? autoreleased_error(c->failure) : nullptr;
  });
  method(c, "retainedReferences", +[](CommandBuffer* c, Selector) { return c->retains; });
  // They are there once it completed.
  method(c, "kernelStartTime", +[](CommandBuffer* c, Selector) { return c->status >= completed ? c->kernel_start : 0; });
  method(c, "kernelEndTime", +[](CommandBuffer* c, Selector) { return c->status >= completed ? c->gpu_start : 0; });
  method(c, "GPUStartTime", +[](CommandBuffer* c, Selector) { return c->status >= completed ? c->gpu_start : 0; });
  method(c, "GPUEndTime", +[](CommandBuffer* c, Selector) { return c->status >= completed ? c->gpu_end : 0; });
  return true;
}();

}  // namespace sim
