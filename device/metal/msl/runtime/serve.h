// The main function of a stand-alone executable: reads jobs from standard
// input, runs each, and writes the answer to standard output, until the input
// ends. Numbers are little-endian 64-bit words.
//
//   job:    name length, name; order, seed, groups[3], threads[3];
//           constants: count, then index, size, bytes of each;
//           threadgroup memory: count, then index, size of each;
//           blocks of memory: count, then size, bytes of each;
//           buffers: count, then index, block, offset, size of each
//   answer: status, length of the error's text, the text, the bytes of all blocks
//
// Each block is a heap block of its exact size, so that address sanitizer sees
// every access beyond it.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "dispatch.h"

namespace msl::serve {

struct Free {
  void operator()(void* p) const { free(p); }
};
struct Block {
  std::unique_ptr<void, Free> data;
  size_t size;
};

static void read_bytes(void* into, size_t size) {
  if (fread(into, 1, size, stdin) != size) exit(0);
}

static uint64_t read_word() {
  uint64_t word = 0;
  read_bytes(&word, sizeof word);
  return word;
}

static Block read_block() {
  size_t size = read_word();
  void* memory = nullptr;
  if (posix_memalign(&memory, 256, size)) abort();
  Block b{std::unique_ptr<void, Free>(memory), size};
  read_bytes(b.data.get(), size);
  return b;
}

static void write_bytes(const void* from, size_t size) { fwrite(from, 1, size, stdout); }
static void write_word(uint64_t word) { write_bytes(&word, sizeof word); }

struct Request {
  std::string name;
  msl_job job{};
  std::vector<Block> values, blocks;
  std::vector<msl_binding> constants, threadgroup, buffers;

  void read() {
    name.resize(read_word());
    read_bytes(name.data(), name.size());
    job.kernel = name.c_str();
    job.order = (uint32_t)read_word();
    job.seed = (uint32_t)read_word();
    for (auto& n : job.groups) n = (uint32_t)read_word();
    for (auto& n : job.threads) n = (uint32_t)read_word();
    read_bindings();
    job.constants = constants.data();
    job.constant_count = (uint32_t)constants.size();
    job.threadgroup = threadgroup.data();
    job.threadgroup_count = (uint32_t)threadgroup.size();
    job.buffers = buffers.data();
    job.buffer_count = (uint32_t)buffers.size();
  }

  void read_bindings() {
    for (uint64_t n = read_word(); n > 0; n--) {
      auto index = (uint32_t)read_word();
      values.push_back(read_block());
      constants.push_back({values.back().data.get(), values.back().size, index, 0});
    }
    for (uint64_t n = read_word(); n > 0; n--) {
      auto index = (uint32_t)read_word();
      threadgroup.push_back({nullptr, read_word(), index, 0});
    }
    for (uint64_t n = read_word(); n > 0; n--) blocks.push_back(read_block());
    for (uint64_t n = read_word(); n > 0; n--) {
      auto index = (uint32_t)read_word();
      Block& block = blocks[read_word()];
      char* data = (char*)block.data.get() + read_word();
      buffers.push_back({data, read_word(), index, 0});
    }
  }
};

static void answer(int code, const std::vector<Block>& blocks) {
  size_t length = code == MSL_OK ? 0 : strlen(msl_error());
  write_word((uint64_t)code);
  write_word(length);
  write_bytes(msl_error(), length);
  for (const Block& b : blocks) write_bytes(b.data.get(), b.size);
  fflush(stdout);
}

}  // namespace msl::serve

int main() {
  for (;;) {
    msl::serve::Request request;
    request.read();
    msl::serve::answer(msl_run(&request.job), request.blocks);
  }
}
