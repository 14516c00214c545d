#include "stop_signal.h"

#include <csignal>
#include <unistd.h>

namespace stop_signal {
namespace {

volatile std::sig_atomic_t g_received = 0;
volatile std::sig_atomic_t g_from_launcher = 0;
volatile std::sig_atomic_t g_from_others = 0;
pid_t g_launcher = 0;

void handle(int signal, siginfo_t* info, void*) {
  const bool from_launcher = g_launcher != 0 && info->si_pid == g_launcher;
  if (from_launcher) g_from_launcher = g_from_launcher + 1;
  if (!from_launcher) g_from_others = g_from_others + 1;
  g_received = signal;
  if (g_from_launcher < 2 && g_from_others < 2) return;
  std::signal(signal, SIG_DFL);
  raise(signal);
}

}  // namespace

void catch_signals(bool has_launcher) {
  if (has_launcher) g_launcher = getppid();
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int received() { return g_received; }

}  // namespace stop_signal
