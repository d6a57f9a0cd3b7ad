// MTLCommandQueue and the two threads behind it.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "object.h"

namespace sim {

struct CommandBuffer;

// Lane runs command buffers in order on one thread, and their handlers on
// another. It outlives its queue until it is empty.
struct Lane {
  explicit Lane(unsigned long limit) : limit(limit) {}
  void opened();             // a command buffer was made
  void closed_one();         // it completed, or was dropped
  void submit(CommandBuffer* c);
  void shut();
  static void start(std::shared_ptr<Lane> lane);

 private:
  CommandBuffer* next(std::deque<CommandBuffer*>& from, const bool& ended);
  void run_gpu();
  void run_handlers();

  const unsigned long limit;
  std::mutex lock;
  std::condition_variable changed;
  unsigned long unfinished = 0;
  std::deque<CommandBuffer*> submitted, done;
  bool no_more_submitted = false, no_more_done = false;
};

struct Queue : Object {
  static constexpr const char* class_name = "MTLCommandQueue";
  std::shared_ptr<Lane> lane;
  void dispose() override;
};

bool in_handler();  // this thread runs one

}  // namespace sim
