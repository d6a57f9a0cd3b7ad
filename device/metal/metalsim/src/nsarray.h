// NSArray.
#pragma once
#include <vector>

#include "object.h"

namespace sim {

// new_array returns an array that retains what is in it.
Object* new_array(std::vector<Object*> objects);

}  // namespace sim
