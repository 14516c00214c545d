#include "libtorch_ext/device/nvml.h"

#include "libtorch_ext/device/shared_library.h"

namespace torch_ext {
namespace {

constexpr const char* kLibrary = "libnvidia-ml.so.1";

// NVML's C interface, as its reference manual documents it.
using Device = void*;
constexpr int kSuccess = 0;
struct Memory {
  unsigned long long total, free, used;
};

struct Nvml {
  SharedLibrary library{kLibrary};
  int (*init)() = library.function<int()>("nvmlInit_v2");
  int (*shutdown)() = library.function<int()>("nvmlShutdown");
  const char* (*error_text)(int) = library.function<const char*(int)>("nvmlErrorString");
  int (*count)(unsigned*) = library.function<int(unsigned*)>("nvmlDeviceGetCount_v2");
  int (*by_index)(unsigned, Device*) = library.function<int(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2");
  int (*uuid)(Device, char*, unsigned) = library.function<int(Device, char*, unsigned)>("nvmlDeviceGetUUID");
  int (*name)(Device, char*, unsigned) = library.function<int(Device, char*, unsigned)>("nvmlDeviceGetName");
  int (*memory)(Device, Memory*) = library.function<int(Device, Memory*)>("nvmlDeviceGetMemoryInfo");
  int (*mig_count)(Device, unsigned*) = library.function<int(Device, unsigned*)>("nvmlDeviceGetMaxMigDeviceCount");
  int (*mig_by_index)(Device, unsigned, Device*) =
      library.function<int(Device, unsigned, Device*)>("nvmlDeviceGetMigDeviceHandleByIndex");

  bool complete() const { return init && shutdown && error_text && count && by_index && uuid && name && memory; }

  std::string text(int (*function)(Device, char*, unsigned), Device device) const {
    char buffer[128] = "";
    return function(device, buffer, sizeof(buffer)) == kSuccess ? buffer : "";
  }

  Gpu gpu(Device device) const {
    Memory bytes{};
    if (memory(device, &bytes) != kSuccess) bytes = {};
    return {.uuid = text(uuid, device),
            .name = text(name, device),
            .free_bytes = static_cast<int64_t>(bytes.free),
            .total_bytes = static_cast<int64_t>(bytes.total)};
  }

  void add_migs(Device device, std::vector<Gpu>& migs) const {
    unsigned most = 0;
    if (!mig_count || !mig_by_index || mig_count(device, &most) != kSuccess) return;
    for (unsigned i = 0; i < most; ++i) {
      Device mig = nullptr;
      if (mig_by_index(device, i, &mig) == kSuccess) migs.push_back(gpu(mig));
    }
  }
};

}  // namespace

NvmlGpus nvml_gpus() {
  const Nvml nvml;
  if (!nvml.complete()) {
    return {.problem = nvml.library.problem().empty() ? std::string(kLibrary) + " lacks functions of NVML"
                                                      : nvml.library.problem()};
  }
  if (const int status = nvml.init(); status != kSuccess) {
    return {.problem = std::string(kLibrary) + ": " + nvml.error_text(status)};
  }
  NvmlGpus found;
  unsigned count = 0;
  if (const int status = nvml.count(&count); status != kSuccess) {
    found.problem = std::string(kLibrary) + ": " + nvml.error_text(status);
  }
  for (unsigned i = 0; i < count; ++i) {
    Device device = nullptr;
    // A GPU that fails keeps its number.
    const bool answers = nvml.by_index(i, &device) == kSuccess;
    found.gpus.push_back(answers ? nvml.gpu(device) : Gpu{});
    if (answers) nvml.add_migs(device, found.migs);
  }
  nvml.shutdown();
  return found;
}

}  // namespace torch_ext
