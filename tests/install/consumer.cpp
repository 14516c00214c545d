#include <iostream>

#include "libtorch_ext/core/version.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/models/registry.h"

namespace tx = torch_ext;

int main() { std::cout << TORCH_EXT_VERSION << '\n' << tx::repr(*tx::create_model("resnet18").ptr()) << '\n'; }
