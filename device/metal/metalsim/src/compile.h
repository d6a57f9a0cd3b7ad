// The shader compiler, which is the program's: a function that the Go side
// installed.
#pragma once
#include <string>

namespace sim {

// compile makes a shared library of Metal source. It returns its path, or ""
// and the compiler's words.
std::string compile(const std::string& source, std::string* error);

}  // namespace sim
