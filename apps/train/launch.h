#pragma once

#include <string>

struct LaunchOptions {
  int processes = 1;
  int max_restarts = 0;
};

/// Runs this program `processes` times at once, with the environment variables of torchrun: what it does where there is
/// no torchrun, on one machine. When one dies, the others are ended and all are started anew, at most `max_restarts`
/// times. Returns the exit code: 0, or that of the first process that failed.
///
/// What they tell by `tell_launcher` comes out on stderr as one line: the first cause of its own that any of them had, or
/// else what each says of those it lost.
int launch(char** argv, const LaunchOptions& options);

/// In a process that `launch` started: hands it the error that ends this process. `lost_others`: the others are gone or
/// late, which is a cause only where none of them tells its own. False, and nothing done, in any other process.
bool tell_launcher(const std::string& message, bool lost_others);
