#pragma once

/// The version's one home; CMakeLists.txt reads it from here.
#define TORCH_EXT_VERSION_MAJOR 0
#define TORCH_EXT_VERSION_MINOR 1
#define TORCH_EXT_VERSION_PATCH 0
#define TORCH_EXT_VERSION "0.1.0"
