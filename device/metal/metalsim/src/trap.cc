#include "trap.h"

#include <signal.h>

#include <cstdlib>
#include <mutex>

namespace sim {

// Initial-exec: looking them up must not allocate, in a signal handler.
#define SIM_SIGNAL_SAFE static thread_local __attribute__((tls_model("initial-exec")))
SIM_SIGNAL_SAFE Trap* trap;
SIM_SIGNAL_SAFE void* faulted_at;

static struct sigaction previous[2];  // of SIGSEGV and SIGBUS: the Go runtime's

static void on_fault(int signal, siginfo_t* info, void* context) {
  if (trap) {
    faulted_at = info->si_addr;
    siglongjmp(trap->back, 1);
  }
  const struct sigaction& before = previous[signal == SIGBUS];
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  sigaction(signal, &before, nullptr);  // the fault comes again, and ends the process
}

static void install() {
  struct sigaction a = {};
  a.sa_sigaction = on_fault;
  a.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&a.sa_mask);
  sigaction(SIGSEGV, &a, &previous[0]);
  sigaction(SIGBUS, &a, &previous[1]);
}

Trap::Trap() {
  static std::once_flag once;
  std::call_once(once, install);
  outer = trap;
  trap = this;
}

Trap::~Trap() { trap = outer; }

void* fault_address() { return faulted_at; }

SignalStack::SignalStack() {
  stack_t s = {};
  s.ss_size = 64 << 10;
  s.ss_sp = memory = malloc(s.ss_size);
  sigaltstack(&s, nullptr);
}

SignalStack::~SignalStack() {
  stack_t s = {};
  s.ss_flags = SS_DISABLE;
  sigaltstack(&s, nullptr);
  free(memory);
}

}  // namespace sim
