#pragma once

#include <cstdint>
#include <functional>

namespace torch_ext {

/// The most memory, in bytes, that tensors on the CPU took at once while `work` ran, beyond what there was before: in
/// this thread and those that work for it. What libraries take for themselves isn't counted.
int64_t peak_cpu_memory(const std::function<void()>& work);

/// Bytes of the machine's memory that programs can still have; 0 where the kernel doesn't say.
int64_t available_cpu_memory();

}  // namespace torch_ext
