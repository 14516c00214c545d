#pragma once

#include <map>
#include <sys/types.h>

/// Tells processes that are slow, on a busy machine, from those that hang: stopped, or asleep in all their threads.
class SignsOfLife {
 public:
  /// Whether the process has used the processor since the last call, or has a thread that wants to: one that is ready to
  /// run, or waits for a disk. The first call for a process only sees the latter; false where it is gone.
  bool any(pid_t process);

 private:
  std::map<pid_t, unsigned long long> ticks_;  // of the processor, as of the last call
};
