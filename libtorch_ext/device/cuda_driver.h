#pragma once

#include <string>
#include <vector>

namespace torch_ext {

/// Whether this process has initialised CUDA's driver: from then on, CUDA_VISIBLE_DEVICES isn't read again.
/// Asking doesn't initialise it.
bool cuda_is_initialised();

/// The UUIDs of the devices that CUDA's driver shows this process, in the order of cuda:0, cuda:1, …, written in
/// lower-case hexadecimal without "GPU-" or "MIG-". Initialises the driver; none where there is no driver.
std::vector<std::string> cuda_uuids();

}  // namespace torch_ext
