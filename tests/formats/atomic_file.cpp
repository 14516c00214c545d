#include "libtorch_ext/formats/file/atomic_file.h"

#include <csignal>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
