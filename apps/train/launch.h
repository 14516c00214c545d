#pragma once

struct LaunchOptions {
  int processes = 1;
  int max_restarts = 0;
};

/// Runs this program `processes` times at once, with the environment variables of torchrun: what it does where there is
/// no torchrun, on one machine. When one dies, the others are ended and all are started anew, at most `max_restarts`
/// times. Returns the exit code: 0, or that of the first process that failed.
int launch(char** argv, const LaunchOptions& options);
