#include "libtorch_ext/device/cuda_driver.h"

#include <array>
#include <cstdio>

#include "libtorch_ext/device/shared_library.h"

namespace torch_ext {
namespace {

// The driver's C interface, as its reference manual documents it.
using Uuid = std::array<unsigned char, 16>;
constexpr const char* kDriver = "libcuda.so.1";
constexpr int kDriverSuccess = 0;
constexpr int kDriverNotInitialised = 3;

std::string to_text(const Uuid& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned>(uuid[i]));
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits;
  }
  return text;
}

}  // namespace

bool cuda_is_initialised() {
  if (void* loaded = dlopen(kDriver, RTLD_LAZY | RTLD_NOLOAD)) {
    dlclose(loaded);
  } else {
    return false;
  }
  int count = 0;
  const auto get_count = SharedLibrary(kDriver).function<int(int*)>("cuDeviceGetCount");
  return get_count && get_count(&count) != kDriverNotInitialised;
}

std::vector<std::string> cuda_uuids() {
  const SharedLibrary driver(kDriver);
  const auto init = driver.function<int(unsigned)>("cuInit");
  const auto get_count = driver.function<int(int*)>("cuDeviceGetCount");
  const auto get_device = driver.function<int(int*, int)>("cuDeviceGet");
  const auto get_uuid = driver.function<int(Uuid*, int)>("cuDeviceGetUuid_v2");
  if (!init || !get_count || !get_device || !get_uuid || init(0) != kDriverSuccess) return {};
  int count = 0;
  if (get_count(&count) != kDriverSuccess) return {};
  std::vector<std::string> uuids;
  for (int i = 0; i < count; ++i) {
    int device = 0;
    Uuid uuid{};
    const bool answers = get_device(&device, i) == kDriverSuccess && get_uuid(&uuid, device) == kDriverSuccess;
    uuids.push_back(answers ? to_text(uuid) : "");
  }
  return uuids;
}

}  // namespace torch_ext
