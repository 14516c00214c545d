#include "stop_signal.h"

#include <csignal>

namespace stop_signal {
namespace {

volatile std::sig_atomic_t g_received = 0;

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { g_received = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int received() { return g_received; }

}  // namespace stop_signal
