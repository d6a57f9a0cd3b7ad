// MTLCommandBuffer.
#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "block.h"
#include "command.h"
#include "nserror.h"

namespace sim {

struct Lane;
struct Queue;

enum Status : long { not_enqueued = 0, committed = 2, scheduled = 3, completed = 4, failed = 5 };

struct CommandBuffer : Object {
  static constexpr const char* class_name = "MTLCommandBuffer";
  Queue* queue = nullptr;  // retained
  std::shared_ptr<Lane> lane;  // the queue's
  bool retains = true;     // what its commands use
  Object* open = nullptr;  // the encoder, not retained
  std::vector<Pass> passes;
  std::map<Object*, uint64_t> references;  // with their serials
  std::vector<Block*> scheduled_handlers, completed_handlers;
  Failure failure;
  double kernel_start = 0, gpu_start = 0, gpu_end = 0;  // seconds

  std::mutex lock;  // of what follows
  std::condition_variable changed;
  std::atomic<long> status{not_enqueued};
  bool handled = false;  // all handlers returned

  void dispose() override;

  // editable reports a use after commit, or while another encoder is open.
  bool editable(const char* what);
  // begin opens a pass for an encoder, end closes it.
  Pass* begin(Object* encoder, bool concurrent);
  // reference notes that commands use an object.
  void reference(Object* o);
  void hold_references();  // at commit
  void drop_references();  // at completion
  void finish(Status s);
};

Object* new_command_buffer(Queue* q, bool retains);

}  // namespace sim
