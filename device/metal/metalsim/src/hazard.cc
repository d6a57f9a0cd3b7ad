#include "hazard.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "trap.h"

namespace sim {

using Sequence = std::vector<const Dispatch*>;

// World is private memory in place of all that some dispatches may write.
struct World {
  struct Part {
    std::shared_ptr<Memory> original, copy;
    size_t from;  // bytes before are not used
  };
  std::map<Memory*, Part> parts;  // by original

  explicit World(const Sequence& all);
  World(const World& o);
  World& operator=(const World&) = delete;
  Dispatch inside(const Dispatch& d) const;
  std::string run(const Sequence& s) const;
  bool operator==(const World& o) const;
  void write_back(const World& before) const;
};

World::World(const Sequence& all) {
  std::vector<Use> used;
  for (auto d : all) {
    for (auto& u : uses(*d)) used.push_back(u);
  }
  for (auto& u : used) {
    if (u.written) parts[u.memory.get()] = {u.memory, nullptr, u.memory->length};
  }
  for (auto& u : used) {
    if (auto p = parts.find(u.memory.get()); p != parts.end()) p->second.from = std::min(p->second.from, u.offset);
  }
  for (auto& [original, p] : parts) {
    p.copy = map_memory(original->length);
    // Memory that the program unmapped too early is left to the dispatches.
    trapped([&, from = p.from] { memcpy(p.copy->start + from, original->start + from, original->length - from); });
  }
}

World::World(const World& o) : parts(o.parts) {
  for (auto& [original, p] : parts) {
    auto copy = map_memory(original->length);
    memcpy(copy->start + p.from, p.copy->start + p.from, original->length - p.from);
    p.copy = copy;
  }
}

Dispatch World::inside(const Dispatch& d) const {
  Dispatch moved = d;
  for (auto& b : moved.buffers) {
    if (auto p = parts.find(b.memory.get()); p != parts.end() && b.offset >= p->second.from) b.memory = p->second.copy;
  }
  return moved;
}

std::string World::run(const Sequence& s) const {
  for (auto d : s) {
    if (auto why = sim::run(inside(*d)); !why.empty()) return why;
  }
  return "";
}

bool World::operator==(const World& o) const {
  return std::all_of(parts.begin(), parts.end(), [&](auto& entry) {
    const Part &a = entry.second, &b = o.parts.at(entry.first);
    return !memcmp(a.copy->start + a.from, b.copy->start + a.from, a.copy->length - a.from);
  });
}

// write_back stores what changed, byte by byte: the processor may be writing
// elsewhere in the same buffers.
void World::write_back(const World& before) const {
  for (auto& [original, p] : parts) {
    const char *now = p.copy->start, *old = before.parts.at(original).copy->start;
    trapped([&, from = p.from] {
      for (size_t i = from; i < original->length; i++) {
        if (now[i] != old[i]) original->start[i] = now[i];
      }
    });
  }
}

// may_conflict says whether one dispatch may write what another uses.
static bool may_conflict(const Sequence& s) {
  struct Users {
    const Dispatch *first = nullptr, *writer = nullptr;
    bool several = false;
  };
  std::map<Memory*, Users> users;
  for (auto d : s) {
    for (auto& u : uses(*d)) {
      Users& of = users[u.memory.get()];
      of.several |= of.first && of.first != d;
      of.first = d;
      if (u.written) of.writer = d;
    }
  }
  return std::any_of(users.begin(), users.end(), [](auto& of) { return of.second.several && of.second.writer; });
}

// order_shows says whether two orders from the same start differ in their result.
static bool order_shows(const World& start, const Sequence& s, const Sequence& other) {
  World a(start), b(start);
  return a.run(s) != b.run(other) || !(a == b);
}

static Sequence reversed(const Sequence& s) { return {s.rbegin(), s.rend()}; }

static void report_missing(const Sequence& s, size_t i, size_t j, bool sure) {
  violation("no memory barrier between dispatch %zu (%s) and dispatch %zu (%s)%s, which depend on each other", i,
            s[i]->kernel().c_str(), j, s[j]->kernel().c_str(), sure ? "" : " or one between them");
}

// blame finds the pair: the first dispatch that does not commute with those
// before it, and the last of these with which it does not.
static void blame(const World& start, const Sequence& s) {
  size_t j = 1;
  auto first = [&](size_t n) { return Sequence(s.begin(), s.begin() + n); };
  while (j + 1 < s.size() && !order_shows(start, first(j + 1), reversed(first(j + 1)))) j++;
  for (size_t i = j; i-- > 0;) {
    World then(start);
    then.run(first(i));
    if (order_shows(then, {s[i], s[j]}, {s[j], s[i]})) return report_missing(s, i, j, true);
  }
  report_missing(s, 0, j, false);
}

std::string run_unordered(const Sequence& s) {
  if (s.size() < 2 || !may_conflict(s)) {
    for (auto d : s) {
      if (auto why = run(*d); !why.empty()) return why;
    }
    return "";
  }
  World before(s), forward(before);
  std::string why = forward.run(s);
  forward.write_back(before);
  if (!why.empty()) return why;
  World backward(before);
  if (!backward.run(reversed(s)).empty() || !(backward == forward)) blame(before, s);
  return "";
}

}  // namespace sim
