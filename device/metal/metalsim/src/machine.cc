#include "machine.h"

#include <atomic>
#include <mutex>

#include "export.h"

namespace sim {

static std::mutex machine_lock;
static Machine the_machine;
static std::atomic<uint64_t> the_schedule{0};

uint64_t schedule() { return the_schedule; }

Machine machine() {
  std::lock_guard<std::mutex> lock(machine_lock);
  return the_machine;
}

}  // namespace sim

SIM_EXPORT void metalsim_set_machine(const sim::Machine* m) {
  std::lock_guard<std::mutex> lock(sim::machine_lock);
  sim::the_machine = *m;
}

SIM_EXPORT void metalsim_set_schedule(uint64_t schedule) { sim::the_schedule = schedule; }
