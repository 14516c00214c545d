// Stands in for NVIDIA's driver, libcuda.so.1 and libnvidia-ml.so.1, on a machine without one: five GPUs, of which CUDA
// counts the last one first where CUDA_VISIBLE_DEVICES isn't set.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int kGpus = 5;
bool g_initialised = false;

std::vector<int> visible() {
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!value) return {4, 3, 2, 1, 0};
  std::vector<int> numbers;
  std::istringstream words(value);
  for (std::string word; std::getline(words, word, ',');) numbers.push_back(std::atoi(word.c_str()));
  return numbers;
}

int text(const char* value, char* buffer, unsigned size) {
  std::snprintf(buffer, size, "%s", value);
  return 0;
}

}  // namespace

extern "C" {

int cuInit(unsigned) {
  g_initialised = true;
  return 0;
}
int cuDeviceGetCount(int* count) {
  if (!g_initialised) return 3;  // CUDA_ERROR_NOT_INITIALIZED
  *count = static_cast<int>(visible().size());
  return 0;
}
int cuDeviceGet(int* device, int ordinal) {
  *device = visible()[static_cast<size_t>(ordinal)];
  return 0;
}
int cuDeviceGetUuid_v2(std::array<unsigned char, 16>* uuid, int device) {
  uuid->fill(0xab);
  (*uuid)[0] = static_cast<unsigned char>(device);
  return 0;
}

int nvmlInit_v2() { return std::getenv("FAKE_NVML_FAILS") ? 9 : 0; }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int) { return "Driver Not Loaded"; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = kGpus;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(static_cast<size_t>(index) + 1);
  return 0;
}
int nvmlDeviceGetUUID(void* device, char* buffer, unsigned size) {
  char uuid[64];
  std::snprintf(uuid, sizeof(uuid), "GPU-%02zxababab-abab-abab-abab-abababababab",
                reinterpret_cast<size_t>(device) - 1);
  return text(uuid, buffer, size);
}
int nvmlDeviceGetName(void*, char* buffer, unsigned size) { return text("Fake 100", buffer, size); }
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* bytes) {
  bytes[0] = 40ULL << 30;                                       // total
  bytes[1] = (10ULL + reinterpret_cast<size_t>(device)) << 30;  // free
  return 0;
}

}  // extern "C"
