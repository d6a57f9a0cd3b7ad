// The words for address spaces end with the shader: what follows is C++.
#pragma once
#undef device
#undef constant
#undef threadgroup
#undef thread
#undef kernel
