// Stands in for NVIDIA's driver, libcuda.so.1 and libnvidia-ml.so.1, on a machine without one: five GPUs, of which CUDA
// counts the last one first, unless CUDA_DEVICE_ORDER is PCI_BUS_ID. With FAKE_MIG the first one is divided into two
// instances, which CUDA doesn't see but by their UUIDs. FAKE_FREE_GIB="8,16,…" is what each, then each instance, has
// free.
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

constexpr int kInstances = 2;  // devices 5 and 6

bool has_migs() { return std::getenv("FAKE_MIG") != nullptr; }

std::vector<std::string> split(const char* list) {
  std::vector<std::string> words;
  std::istringstream rest(list);
  for (std::string word; std::getline(rest, word, ',');) words.push_back(word);
  return words;
}

std::string uuid_of(int device) {
  char uuid[64];
  std::snprintf(uuid, sizeof(uuid), "%s-%02dababab-abab-abab-abab-abababababab", device < kGpus ? "GPU" : "MIG",
                device);
  return uuid;
}

int device_of(const std::string& uuid) {
  for (int device = 0; device < kGpus + kInstances; ++device) {
    if (uuid_of(device).starts_with(uuid)) return device;
  }
  return 0;
}

// The devices as CUDA counts them.
std::vector<int> visible() {
  const char* order = std::getenv("CUDA_DEVICE_ORDER");
  std::vector<int> all = {4, 3, 2, 1, 0};
  if (order && std::string(order) == "PCI_BUS_ID") all = {0, 1, 2, 3, 4};
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!value) return all;
  std::vector<int> devices;
  for (const auto& word : split(value)) {
    const bool is_uuid = word.starts_with("GPU-") || word.starts_with("MIG-");
    devices.push_back(is_uuid ? device_of(word) : all[static_cast<size_t>(std::atoi(word.c_str()))]);
  }
  return devices;
}

int number_of(void* device) { return static_cast<int>(reinterpret_cast<size_t>(device)) - 1; }
void* handle_of(int device) { return reinterpret_cast<void*>(static_cast<size_t>(device) + 1); }

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
  *device = handle_of(static_cast<int>(index));
  return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  *count = has_migs() && number_of(device) == 0 ? kInstances : 0;
  return 0;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void*, unsigned index, void** mig) {
  *mig = handle_of(kGpus + static_cast<int>(index));
  return 0;
}
int nvmlDeviceGetUUID(void* device, char* buffer, unsigned size) {
  return text(uuid_of(number_of(device)).c_str(), buffer, size);
}
int nvmlDeviceGetName(void*, char* buffer, unsigned size) { return text("Fake 100", buffer, size); }
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* bytes) {
  const auto number = static_cast<size_t>(number_of(device));
  const char* list = std::getenv("FAKE_FREE_GIB");
  const auto free_gib = list ? split(list) : std::vector<std::string>{};
  bytes[0] = 40ULL << 30;  // total
  bytes[1] = (number < free_gib.size() ? std::stoull(free_gib[number]) : 11ULL + number) << 30;
  return 0;
}

}  // extern "C"
