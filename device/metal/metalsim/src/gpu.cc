#include "gpu.h"

#include <time.h>

#include <mutex>
#include <set>
#include <shared_mutex>

#include "command_buffer.h"
#include "fault.h"
#include "hazard.h"
#include "trap.h"

namespace sim {

double seconds_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

using Batch = std::vector<const Command*>;

// Hold keeps the program's own memory from being taken back while it is used.
struct Hold {
  std::vector<std::shared_lock<std::shared_mutex>> locks;
  bool gone = false;
  explicit Hold(const Batch& commands) {
    std::set<std::shared_ptr<Memory>> all;
    for (auto c : commands) {
      all.insert(c->memory.begin(), c->memory.end());
      if (!c->dispatch) continue;
      for (auto& u : uses(*c->dispatch)) all.insert(u.memory);
    }
    for (auto& m : all) {
      locks.emplace_back(m->in_use);
      gone |= m->gone;
    }
  }
};

// run_batch runs commands between which there is no barrier.
static Failure run_batch(const Batch& commands) {
  Hold hold(commands);
  if (hold.gone) return command_failure(invalid_resource);  // reported when it was released
  std::vector<const Dispatch*> dispatches;
  for (auto c : commands) {
    if (c->host && trapped(c->host)) {
      violation("an MPS kernel or a copy accessed memory that is not there");
      return command_failure(page_fault);
    }
    if (c->dispatch) dispatches.push_back(c->dispatch.get());
  }
  auto why = run_unordered(dispatches);
  if (why.empty()) return {};
  violation("%s", why.c_str());
  return command_failure(page_fault);
}

// run_pass runs at most *left commands.
static Failure run_pass(const Pass& p, size_t* left) {
  Batch batch;
  auto flush = [&] {
    Batch now;
    now.swap(batch);
    return run_batch(now);
  };
  for (auto& c : p.commands) {
    bool barrier = !c.dispatch && !c.host;
    if (!barrier && *left == 0) break;
    if (!barrier) batch.push_back(&c), --*left;
    if (p.concurrent && !barrier) continue;
    if (Failure f = flush(); f.code) return f;
  }
  return flush();
}

Failure execute(CommandBuffer& c) {
  CommandFault fault = next_command_fault();
  if (fault.hangs) {
    if (long code = wait_released()) return command_failure(code);
  }
  size_t left = fault.code ? fault.after : (size_t)-1;
  for (auto& p : c.passes) {
    if (Failure f = run_pass(p, &left); f.code) return f;
  }
  return fault.code ? command_failure(fault.code) : Failure{};
}

}  // namespace sim
