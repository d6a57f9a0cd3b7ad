#include "queue.h"

#include <chrono>
#include <thread>

#include "command_buffer.h"
#include "export.h"
#include "fault.h"
#include "gpu.h"
#include "pool.h"
#include "trap.h"

namespace sim {

// Command buffers that completed and whose handlers or last release is still
// to come.
static std::mutex finishing_lock;
static std::condition_variable finishing_changed;
static long finishing;

static void add_finishing(long n) {
  std::lock_guard<std::mutex> l(finishing_lock);
  finishing += n;
  finishing_changed.notify_all();
}

static thread_local bool runs_handler;

bool in_handler() { return runs_handler; }

void Lane::opened() {
  std::lock_guard<std::mutex> l(lock);
  if (++unfinished > limit) violation("commandBuffer: more than %lu command buffers of a queue are not completed; Metal would block", limit);
}

void Lane::closed_one() {
  std::lock_guard<std::mutex> l(lock);
  unfinished--;
}

void Lane::submit(CommandBuffer* c) {
  retain(c);
  std::lock_guard<std::mutex> l(lock);
  submitted.push_back(c);
  changed.notify_all();
}

void Lane::shut() {
  std::lock_guard<std::mutex> l(lock);
  no_more_submitted = true;
  changed.notify_all();
}

CommandBuffer* Lane::next(std::deque<CommandBuffer*>& from, const bool& ended) {
  std::unique_lock<std::mutex> l(lock);
  changed.wait(l, [&] { return !from.empty() || ended; });
  if (from.empty()) return nullptr;
  auto c = from.front();
  from.pop_front();
  return c;
}

static void call_handlers(CommandBuffer* c, std::vector<Block*>& handlers) {
  size_t pools = open_pools();
  runs_handler = true;
  for (Block* b : handlers) b->invoke(b, c);
  runs_handler = false;
  if (open_pools() != pools) violation("a handler left an autorelease pool open");
}

void Lane::run_gpu() {
  SignalStack stack;
  while (CommandBuffer* c = next(submitted, no_more_submitted)) {
    c->kernel_start = seconds_now();
    c->finish(scheduled);
    c->gpu_start = seconds_now();
    c->failure = execute(*c);
    c->gpu_end = seconds_now();
    closed_one();
    add_finishing(1);
    c->passes.clear();
    c->drop_references();
    c->finish(c->failure.code ? failed : completed);
    std::lock_guard<std::mutex> l(lock);
    done.push_back(c);
    changed.notify_all();
  }
  std::lock_guard<std::mutex> l(lock);
  no_more_done = true;
  changed.notify_all();
}

void Lane::run_handlers() {
  while (CommandBuffer* c = next(done, no_more_done)) {
    call_handlers(c, c->scheduled_handlers);
    call_handlers(c, c->completed_handlers);
    {
      std::lock_guard<std::mutex> l(c->lock);
      c->handled = true;
      c->changed.notify_all();
    }
    release(c);
    add_finishing(-1);
  }
}

void Lane::start(std::shared_ptr<Lane> lane) {
  std::thread([lane] { lane->run_gpu(); }).detach();
  std::thread([lane] { lane->run_handlers(); }).detach();
}

void Queue::dispose() {
  lane->shut();
  lane.reset();
}

static Object* new_queue(unsigned long limit) {
  if (fails(Point::queue)) return nullptr;
  auto q = make<Queue>();
  q->lane = std::make_shared<Lane>(limit);
  Lane::start(q->lane);
  return q;
}

[[maybe_unused]] static const bool queue_methods = [] {
  const char* c = Queue::class_name;
  method("MTLDevice", "newCommandQueue", +[](Object*, Selector) { return new_queue(64); });
  method("MTLDevice", "newCommandQueueWithMaxCommandBufferCount:", +[](Object*, Selector, unsigned long n) { return new_queue(n); });
  method(c, "commandBuffer", +[](Queue* q, Selector) { return new_command_buffer(q, true); });
  method(c, "commandBufferWithUnretainedReferences", +[](Queue* q, Selector) { return new_command_buffer(q, false); });
  return true;
}();

}  // namespace sim

// Waits until no command buffer is between its completion and its release, so
// that what is alive and what went wrong can be told. False: it took too long.
SIM_EXPORT bool metalsim_settle(long milliseconds) {
  std::unique_lock<std::mutex> l(sim::finishing_lock);
  return sim::finishing_changed.wait_for(l, std::chrono::milliseconds(milliseconds), [] { return sim::finishing == 0; });
}
