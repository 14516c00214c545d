#include "signs_of_life.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

struct Thread {
  char state = '?';              // as `ps` shows it: R runs or is ready to, D waits for a disk, S sleeps, T is stopped
  unsigned long long ticks = 0;  // of the processor that it has used
};

// From a file /proc/…/stat (proc(5)), whose second field is a name that may hold spaces and brackets.
Thread read_thread(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  if (name_end == line.npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  Thread thread;
  fields >> thread.state;
  std::string skipped;
  for (int field = 4; field < 14; ++field) fields >> skipped;
  unsigned long long user = 0, system = 0;
  fields >> user >> system;
  thread.ticks = user + system;
  return thread;
}

}  // namespace

bool SignsOfLife::any(pid_t process) {
  const fs::path folder = fs::path("/proc") / std::to_string(process);
  const unsigned long long ticks = read_thread(folder / "stat").ticks;
  unsigned long long& known = ticks_.try_emplace(process, ticks).first->second;
  bool lives = ticks > known;
  known = ticks;

  std::error_code gone;
  for (const auto& thread : fs::directory_iterator(folder / "task", gone)) {
    const char state = read_thread(thread.path() / "stat").state;
    lives = lives || state == 'R' || state == 'D';
  }
  return lives && !gone;
}
