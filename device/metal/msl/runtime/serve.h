// The main function of a stand-alone executable: reads jobs from standard
// input, runs each, and writes the answer to standard output, until the input
// ends. Numbers are little-endian 64-bit words.
//
//   job:    length of what follows; length of the kernel's name, name;
//           order, seed, groups[3], threads[3];
//           constants: count, then index, size, bytes of each;
//           threadgroup memory: count, then index, size of each;
//           blocks of memory: count, then size, bytes of each;
//           buffers: count, then index, block, offset, size of each
//   answer: status, length of the error's text, the text, the bytes of all blocks
//
// Each block is a heap block of its exact size, so that address sanitizer sees
// every access beyond it. The standard library is not used: it would take
// longer to compile than everything else.
#pragma once
#include <stdio.h>

#include "dispatch.h"

namespace msl::serve {

struct Block {
  void* data;
  size_t size;
};

struct Request {
  const char* at;  // what of the message is not yet read
  msl_job job;
  Block* blocks;
  uint64_t block_count;
};

static void read_bytes(void* into, size_t size) {
  if (fread(into, 1, size, stdin) != size) exit(0);
}

static uint64_t take_word(Request& r) {
  uint64_t word;
  memcpy(&word, r.at, sizeof word);
  r.at += sizeof word;
  return word;
}

static const char* take_bytes(Request& r, size_t size) {
  const char* bytes = r.at;
  r.at += size;
  return bytes;
}

template <class T>
static T* array_of(uint64_t count) {
  return (T*)calloc(count + 1, sizeof(T));
}

static void take_constants(Request& r) {
  r.job.constant_count = (uint32_t)take_word(r);
  auto* constants = array_of<msl_binding>(r.job.constant_count);
  for (uint32_t i = 0; i < r.job.constant_count; i++) {
    constants[i].index = (uint32_t)take_word(r);
    constants[i].size = take_word(r);
    constants[i].data = (void*)take_bytes(r, constants[i].size);
  }
  r.job.constants = constants;
}

static void take_threadgroup(Request& r) {
  r.job.threadgroup_count = (uint32_t)take_word(r);
  auto* memory = array_of<msl_binding>(r.job.threadgroup_count);
  for (uint32_t i = 0; i < r.job.threadgroup_count; i++) {
    memory[i].index = (uint32_t)take_word(r);
    memory[i].size = take_word(r);
  }
  r.job.threadgroup = memory;
}

static void take_blocks(Request& r) {
  r.block_count = take_word(r);
  r.blocks = array_of<Block>(r.block_count);
  for (uint64_t i = 0; i < r.block_count; i++) {
    Block& b = r.blocks[i];
    b.size = take_word(r);
    if (posix_memalign(&b.data, 256, b.size)) abort();
    memcpy(b.data, take_bytes(r, b.size), b.size);
  }
}

static void take_buffers(Request& r) {
  r.job.buffer_count = (uint32_t)take_word(r);
  auto* buffers = array_of<msl_binding>(r.job.buffer_count);
  for (uint32_t i = 0; i < r.job.buffer_count; i++) {
    buffers[i].index = (uint32_t)take_word(r);
    uint64_t block = take_word(r);
    buffers[i].data = (char*)r.blocks[block].data + take_word(r);
    buffers[i].size = take_word(r);
  }
  r.job.buffers = buffers;
}

static Request take_request(const char* message) {
  Request r{.at = message, .job = {}, .blocks = nullptr, .block_count = 0};
  r.job.kernel = take_bytes(r, take_word(r));
  r.job.order = (uint32_t)take_word(r);
  r.job.seed = (uint32_t)take_word(r);
  for (auto& n : r.job.groups) n = (uint32_t)take_word(r);
  for (auto& n : r.job.threads) n = (uint32_t)take_word(r);
  take_constants(r);
  take_threadgroup(r);
  take_blocks(r);
  take_buffers(r);
  return r;
}

static void answer(int code, const Request& r) {
  size_t length = code == MSL_OK ? 0 : strlen(msl_error());
  uint64_t head[2] = {(uint64_t)code, length};
  fwrite(head, sizeof head, 1, stdout);
  fwrite(msl_error(), 1, length, stdout);
  for (uint64_t i = 0; i < r.block_count; i++) fwrite(r.blocks[i].data, 1, r.blocks[i].size, stdout);
  fflush(stdout);
}

static void forget(const Request& r) {
  for (uint64_t i = 0; i < r.block_count; i++) free(r.blocks[i].data);
  free(r.blocks);
  free((void*)r.job.constants);
  free((void*)r.job.threadgroup);
  free((void*)r.job.buffers);
}

}  // namespace msl::serve

int main() {
  for (;;) {
    uint64_t length = 0;
    msl::serve::read_bytes(&length, sizeof length);
    char* message = (char*)malloc(length);
    if (!message) abort();
    msl::serve::read_bytes(message, length);
    msl::serve::Request request = msl::serve::take_request(message);
    msl::serve::answer(msl_run(&request.job), request);
    msl::serve::forget(request);
    free(message);
  }
}
