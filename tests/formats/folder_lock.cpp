#include "libtorch_ext/formats/file/folder_lock.h"

#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "libtorch_ext/formats/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

std::string refusal(const std::string& folder) {
  try {
    const FolderLock lock(folder);
    return "";
  } catch (const FormatError& error) {
    return error.what();
  }
}

/// A process that holds the lock of a folder until it is told to end.
class Holder {
 public:
  explicit Holder(const std::string& folder) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      const FolderLock lock(folder);
      [[maybe_unused]] const ssize_t told = ::write(ready[1], "x", 1);
      for (;;) ::pause();
    }
    char byte = 0;
    ::close(ready[1]);
    [[maybe_unused]] const ssize_t heard = ::read(ready[0], &byte, 1);
    ::close(ready[0]);
  }
  pid_t pid() const { return pid_; }
  void kill() const {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("a second lock on a folder is refused with the first one's pid and host", "[folder_lock]") {
  const TempDir dir;
  const std::string folder = dir.path().string();
  {
    const FolderLock lock(folder);
    CHECK(lock.problem().empty());
    CHECK_THAT(refusal(folder), ContainsSubstring(folder + ": is in use by another process (pid " +
                                                  std::to_string(::getpid()) + " on "));
    CHECK_THAT(refusal(folder), ContainsSubstring("choose another folder"));
  }
  CHECK(refusal(folder).empty());
  CHECK(std::filesystem::is_empty(folder));
}

TEST_CASE("another process holds its lock until it is killed, and not a moment longer", "[folder_lock]") {
  const TempDir dir;
  const std::string folder = dir.path().string();
  const Holder holder(folder);
  CHECK_THAT(refusal(folder), ContainsSubstring("(pid " + std::to_string(holder.pid()) + " on "));
  holder.kill();
  CHECK(std::filesystem::exists(dir / ".lock"));
  CHECK(refusal(folder).empty());
}

TEST_CASE("what a .lock says goes into the message only, and is cleaned", "[folder_lock]") {
  const TempDir dir;
  write_file(dir / ".lock", "pid 1 on elsewhere\n");
  const FolderLock lock(dir.path().string());
  write_file(dir / ".lock", "");
  CHECK_THAT(refusal(dir.path().string()), ContainsSubstring("is in use by another process; end it"));
  write_file(dir / ".lock", "\x1b[2J" + std::string(10000, 'x'));
  CHECK(refusal(dir.path().string()).size() < 500);
  CHECK_THAT(refusal(dir.path().string()), ContainsSubstring("(?[2Jxxx"));
}

TEST_CASE("of many processes that want a folder, one at a time has it", "[folder_lock]") {
  const TempDir dir;
  constexpr int kProcesses = 4;
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    for (int got = 0; got < 200;) {
      try {
        const FolderLock lock(dir.path().string());
        // Nobody else may be between these two lines.
        if (!std::filesystem::create_directory(dir / "inside")) ::_exit(1);
        std::filesystem::remove(dir / "inside");
        ++got;
      } catch (const FormatError&) {
      }
    }
    ::_exit(0);
  }
  for (int i = 0; i < kProcesses; ++i) {
    int status = -1;
    ::wait(&status);
    CHECK(status == 0);
  }
}

TEST_CASE("a folder that can't be locked is named", "[folder_lock]") {
  const TempDir dir;
  CHECK(refusal(dir / "none") ==
        dir / "none/.lock" + ": can't be written: No such file or directory; choose another folder");
  std::filesystem::create_directory(dir / ".lock");
  CHECK(refusal(dir.path().string()) == dir / ".lock" + ": can't be written: Is a directory; choose another folder");
  CHECK_THAT(refusal("/proc"), ContainsSubstring("/proc/.lock: can't be written: "));
}

}  // namespace torch_ext::formats
