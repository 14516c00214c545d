#include "launch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "apps/bad_input.h"
#include "libtorch_ext/core/error.h"
#include "signs_of_life.h"

namespace {

using Clock = std::chrono::steady_clock;
// Without a sign of life, a rank that is to end hangs: it has long noticed that its peer is gone.
constexpr auto kPatience = std::chrono::milliseconds(700);
// One that computes on all the same, in an endless loop, isn't waited for longer than this.
constexpr auto kMostPatience = std::chrono::seconds(60);
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

constexpr const char* kErrors = "TX_TRAIN_ERRORS";  // the number of the socket that the processes' errors go to
constexpr char kOwnCause = 'c';
constexpr char kLostOthers = 'l';

volatile std::sig_atomic_t g_signal = 0;
volatile std::sig_atomic_t g_signals = 0;

struct Process {
  pid_t id = 0;
  int rank = 0;
};

// How the first process that failed ended.
struct Failure {
  int rank = 0;
  int status = 0;

  bool was_killed() const { return WIFSIGNALED(status); }
  int exit_code() const { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }
  std::string words() const {
    return "rank " + std::to_string(rank) +
           (WIFSIGNALED(status) ? std::string(" was killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
                                      strsignal(WTERMSIG(status)) + ")"
                                : " failed with exit code " + std::to_string(WEXITSTATUS(status)));
  }
};

// What the processes have to say of their ends.
class Errors {
 public:
  Errors() {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends_) != 0) {
      throw torch_ext::Error(std::string("--nproc: can't make a socket: ") + std::strerror(errno));
    }
    fcntl(ends_[0], F_SETFD, FD_CLOEXEC);
    setenv(kErrors, std::to_string(ends_[1]).c_str(), 1);
  }
  ~Errors() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Errors(const Errors&) = delete;
  Errors& operator=(const Errors&) = delete;

  /// Says the first cause as soon as it comes.
  void receive() {
    for (;;) {
      const ssize_t size = recv(ends_[0], nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
      if (size <= 0) return;
      std::string message(static_cast<size_t>(size), '\0');
      if (recv(ends_[0], message.data(), message.size(), MSG_DONTWAIT) != size) return;
      const bool lost_others = message[0] == kLostOthers;
      message.erase(0, 1);
      if (lost_others) {
        if (std::ranges::find(lost_, message) == lost_.end()) lost_.push_back(message);
      } else if (!said_) {
        bad_input("tx-train", message);
        said_ = true;
      }
    }
  }
  /// Whether anything came.
  bool any() const { return said_ || !lost_.empty(); }
  bool said() const { return said_; }
  /// After all have ended.
  void say_the_rest() {
    receive();
    // After a signal, some may have ended before the others.
    if (said_ || g_signal) return;
    for (const auto& message : lost_) bad_input("tx-train", message);
  }

 private:
  int ends_[2] = {-1, -1};
  bool said_ = false;
  std::vector<std::string> lost_;
};

// A port that nobody listens on now.
int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool found = listener >= 0 && bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (listener >= 0) close(listener);
  if (!found) throw torch_ext::Error(std::string("--nproc: found no free port on 127.0.0.1: ") + std::strerror(errno));
  return ntohs(address.sin_port);
}

void set(const char* name, int value) { setenv(name, std::to_string(value).c_str(), 1); }

[[noreturn]] void become_rank(char** argv, int rank) {
  // What comes before the new program has its own way is for this one to heed.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  if (g_signal) _exit(128 + g_signal);
  // A group of its own: Ctrl-C reaches the launcher, which hands it on once.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  set("RANK", rank);
  set("LOCAL_RANK", rank);
  execv("/proc/self/exe", argv);
  std::perror("--nproc: can't start this program again");
  _exit(127);
}

std::vector<Process> start(char** argv, int count, int attempt) {
  set("WORLD_SIZE", count);
  set("LOCAL_WORLD_SIZE", count);
  set("TORCHELASTIC_RESTART_COUNT", attempt);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  set("MASTER_PORT", free_port());
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  setenv("OMP_NUM_THREADS", std::to_string(std::max(1, cores / count)).c_str(), /*overwrite=*/0);
  std::vector<Process> processes;
  for (int rank = 0; rank < count; ++rank) {
    const pid_t id = fork();
    if (id == 0) become_rank(argv, rank);
    if (id < 0) throw torch_ext::Error(std::string("--nproc: can't start a process: ") + std::strerror(errno));
    processes.push_back({id, rank});
  }
  return processes;
}

void signal_all(const std::vector<Process>& processes, int signal) {
  for (const auto& process : processes) kill(process.id, signal);
}

// Takes the processes that have ended off the list; notes the first failure. One that was killed had no part in how the
// others ended, so it comes before those that did so at the same time.
void collect(std::vector<Process>& processes, std::optional<Failure>& failure) {
  const bool acted_on = failure.has_value();
  std::erase_if(processes, [&](const Process& process) {
    int status = 0;
    if (waitpid(process.id, &status, WNOHANG) != process.id) return false;
    if (status != 0 && (!failure || (WIFSIGNALED(status) && !failure->was_killed() && !acted_on))) {
      failure = Failure{process.rank, status};
    }
    return true;
  });
}

// When processes that were told to end are killed, as they don't.
class Deadline {
 public:
  void begin(const std::vector<Process>& processes) {
    for (const auto& process : processes) signs_.any(process.id);
    begun_ = Clock::now();
    at_ = begun_ + kPatience;
  }
  bool passed(const std::vector<Process>& processes) {
    const auto now = Clock::now();
    if (now < at_) return false;
    const bool any_lives = std::ranges::any_of(processes, [&](const Process& process) { return signs_.any(process.id); });
    if (any_lives && now < begun_ + kMostPatience) {
      at_ = now + kPatience;
      return false;
    }
    at_ = Clock::time_point::max();
    return true;
  }

 private:
  SignsOfLife signs_;
  Clock::time_point begun_ = Clock::time_point::max();
  Clock::time_point at_ = Clock::time_point::max();
};

// Waits until all have ended: by themselves, or because one failed or this process was signalled.
std::optional<Failure> wait_for(std::vector<Process> processes, Errors& errors) {
  std::optional<Failure> failure;
  Deadline deadline;
  int forwarded = 0;
  bool ending = false;
  while (!processes.empty()) {
    collect(processes, failure);
    errors.receive();
    for (; forwarded < g_signals; ++forwarded) signal_all(processes, g_signal);
    // One signal asks all to stop, and they may take their time; a second doesn't.
    if (failure && forwarded != 1 && !ending) {
      if ((!errors.any() || failure->was_killed()) && !g_signal) {
        std::fprintf(stderr, "tx-train: %s; ending the others\n", failure->words().c_str());
      }
      signal_all(processes, SIGTERM);
      ending = true;
      deadline.begin(processes);
    }
    if (deadline.passed(processes)) {
      for (const auto& process : processes) {
        std::fprintf(stderr, "tx-train: rank %d does not end: killing it\n", process.rank);
      }
      signal_all(processes, SIGKILL);
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  errors.say_the_rest();
  return failure;
}

}  // namespace

int launch(char** argv, const LaunchOptions& options) {
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    g_signal = signal;
    g_signals = g_signals + 1;
  };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  for (int attempt = 0;; ++attempt) {
    Errors errors;
    const auto failure = wait_for(start(argv, options.processes, attempt), errors);
    if (!failure) return 0;
    if (g_signal && !errors.said()) return 128 + g_signal;
    if (g_signal || attempt >= options.max_restarts) return failure->exit_code();
    std::fprintf(stderr, "tx-train: starting all anew, attempt %d of %d\n", attempt + 1, options.max_restarts);
  }
}

bool tell_launcher(const std::string& message, bool lost_others) {
  const char* socket = std::getenv(kErrors);
  if (!socket) return false;
  const std::string packet = (lost_others ? kLostOthers : kOwnCause) + message;
  return send(std::atoi(socket), packet.data(), packet.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(packet.size());
}
