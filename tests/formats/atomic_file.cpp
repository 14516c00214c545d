#include "libtorch_ext/formats/file/atomic_file.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "libtorch_ext/formats/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

size_t files_in(const TempDir& dir) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(dir.path()), {}));
}

mode_t mode(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("the old content stays, and nothing else, until the new one is committed", "[atomic_file]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
    CHECK(read_file(path) == "old");
  }
  CHECK(read_file(path) == "old");
  CHECK(files_in(dir) == 1);

  AtomicFile file(path);
  file.write("ne");
  file.write(std::string(1 << 20, 'w'));
  file.write("er");
  CHECK(file.size() == 4 + (1 << 20));
  file.commit();
  CHECK(read_file(path) == "ne" + std::string(1 << 20, 'w') + "er");
  CHECK(files_in(dir) == 1);
}

TEST_CASE("kill -9 in the middle of a write leaves the old file", "[atomic_file]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  write_file(path, "old");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    AtomicFile file(path);
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 64; ++i) {
      file.write(block);
      if (i == 16) ::raise(SIGKILL);
    }
    file.commit();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(read_file(path) == "old");
  AtomicFile(path).commit();  // some file systems can't do without a name, which the next writer takes away
  CHECK(files_in(dir) == 1);
}

TEST_CASE("a file has no name before it is whole, where the file system knows such files", "[atomic_file]") {
  const TempDir dir;
  const int unnamed = ::open(dir.path().c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (unnamed < 0) SKIP("the file system has no O_TMPFILE");
  ::close(unnamed);
  AtomicFile file(dir / "new.pt");
  file.write(std::string(1 << 20, 'x'));
  file.finish();
  CHECK(files_in(dir) == 0);
  AtomicFile moved(std::move(file));
  moved.commit();
  CHECK(read_file(dir / "new.pt").size() == 1 << 20);
  CHECK(files_in(dir) == 1);
}

TEST_CASE("the next writer of a file removes what dead ones left of it, and nothing of living ones", "[atomic_file]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  for (const char* name :
       {"model.pt.tmp-4711-0", "model.pt.tmp-0-1", "other.pt.tmp-4711-0", "model.pt.tmp", "model.pt2"}) {
    write_file(dir / name, "left");
  }
  write_file(dir / "model.pt.tmp-1-0", "being written");
  const int writer = ::open((dir / "model.pt.tmp-1-0").c_str(), O_WRONLY);
  REQUIRE(::flock(writer, LOCK_EX | LOCK_NB) == 0);
  {
    AtomicFile file(path);
    CHECK(files_in(dir) == 4);
    CHECK(std::filesystem::exists(dir / "model.pt.tmp-1-0"));
    remove_leftovers(path);
    CHECK(std::filesystem::exists(dir / "model.pt.tmp-1-0"));
  }
  ::close(writer);
  AtomicFile(path).commit();
  CHECK_FALSE(std::filesystem::exists(dir / "model.pt.tmp-1-0"));
  CHECK(files_in(dir) == 4);
}

TEST_CASE("two writers of one file leave what one of them wrote, and nothing else", "[atomic_file]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  write_file(path, "old");
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c'}) {
    writers.emplace_back([&path, letter] {
      for (int i = 0; i < 200; ++i) {
        AtomicFile file(path);
        file.write(std::string(1000, letter));
        file.commit(false);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string found = read_file(path);
  CHECK(found == std::string(1000, found[0]));
  CHECK(files_in(dir) == 1);
}

TEST_CASE("a name that is too long is told before anything is written", "[atomic_file]") {
  const TempDir dir;
  CHECK_THROWS_WITH(AtomicFile(dir / std::string(250, 'n')), ContainsSubstring("can't be written: File name too long"));
}

TEST_CASE("a new file has the umask's mode, a replaced one keeps its own", "[atomic_file]") {
  const TempDir dir;
  const mode_t umask = ::umask(027);
  AtomicFile(dir / "new").commit();
  ::umask(umask);
  CHECK(mode(dir / "new") == 0640);

  write_file(dir / "old", "");
  REQUIRE(::chmod((dir / "old").c_str(), 0604) == 0);
  AtomicFile(dir / "old").commit();
  CHECK(mode(dir / "old") == 0604);
}

TEST_CASE("a symbolic link stays one, and what it points to is replaced", "[atomic_file]") {
  const TempDir dir;
  write_file(dir / "epoch_3.pt", "old");
  std::filesystem::create_symlink("epoch_3.pt", dir / "last.pt");
  AtomicFile file(dir / "last.pt");
  file.write("new");
  file.commit();
  CHECK(std::filesystem::is_symlink(dir / "last.pt"));
  CHECK(read_file(dir / "epoch_3.pt") == "new");
}

TEST_CASE("folders, devices and missing folders are named in the error", "[atomic_file]") {
  const TempDir dir;
  CHECK_THROWS_WITH(AtomicFile(dir.path()), dir.path().string() + ": is a folder, a file is to be written");
  CHECK_THROWS_WITH(AtomicFile("/dev/null"), "/dev/null: is not a regular file and can't be replaced");
  CHECK_THROWS_WITH(AtomicFile(dir / "a/b"), dir / "a/b" + ": can't be written: No such file or directory");
}

}  // namespace torch_ext::formats
