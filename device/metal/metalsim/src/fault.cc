#include "fault.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "export.h"

namespace sim {

static std::mutex faults_lock;
static std::condition_variable faults_changed;
static long failing[(int)Point::count];  // calls yet to fail; negative: all
static std::deque<CommandFault> command_faults;
static bool faults_sticky;         // the last one is for all that follow
static unsigned long release_count;  // of hanging command buffers
static long release_code;
static long hanging;

bool fails(Point p) {
  std::lock_guard<std::mutex> lock(faults_lock);
  long& left = failing[(int)p];
  if (left == 0) return false;
  if (left > 0) left--;
  return true;
}

CommandFault next_command_fault() {
  std::lock_guard<std::mutex> lock(faults_lock);
  if (command_faults.empty()) return {};
  CommandFault f = command_faults.front();
  if (!faults_sticky || command_faults.size() > 1) command_faults.pop_front();
  return f;
}

long wait_released() {
  std::unique_lock<std::mutex> lock(faults_lock);
  unsigned long before = release_count;
  hanging++;
  faults_changed.notify_all();
  faults_changed.wait(lock, [&] { return release_count != before; });
  hanging--;
  return release_code;
}

}  // namespace sim

SIM_EXPORT void metalsim_fail(int point, long times) {
  std::lock_guard<std::mutex> lock(sim::faults_lock);
  sim::failing[point] = times;
}

SIM_EXPORT void metalsim_fail_command(long code, size_t after, bool hangs, bool sticky) {
  std::lock_guard<std::mutex> lock(sim::faults_lock);
  sim::command_faults.push_back({code, after, hangs});
  sim::faults_sticky = sticky;
}

// Lets hanging command buffers go on, or end with code if it is not 0.
SIM_EXPORT void metalsim_release(long code) {
  std::lock_guard<std::mutex> lock(sim::faults_lock);
  sim::release_code = code;
  sim::release_count++;
  sim::faults_changed.notify_all();
}

// Waits until n command buffers hang.
SIM_EXPORT void metalsim_wait_hanging(long n) {
  std::unique_lock<std::mutex> lock(sim::faults_lock);
  sim::faults_changed.wait(lock, [&] { return sim::hanging >= n; });
}

// Forgets all faults that have not happened, and lets hanging command buffers go.
SIM_EXPORT void metalsim_heal() {
  std::lock_guard<std::mutex> lock(sim::faults_lock);
  for (long& left : sim::failing) left = 0;
  sim::command_faults.clear();
  sim::faults_sticky = false;
  sim::release_code = 0;
  sim::release_count++;
  sim::faults_changed.notify_all();
}
