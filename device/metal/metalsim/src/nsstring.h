// NSString.
#pragma once
#include <string>

#include "object.h"

namespace sim {

struct String : Object {
  static constexpr const char* class_name = "NSString";
  std::string text;
};

Object* autoreleased_string(const std::string& text);

}  // namespace sim
