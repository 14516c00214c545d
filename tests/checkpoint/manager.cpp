#include "libtorch_ext/checkpoint/manager.h"

#include <torch/torch.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <limits>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::TempDir;

namespace {

using FileNames = std::set<std::string>;

FileNames names_in(const std::string& folder) {
  FileNames names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

tx::Checkpoint checkpoint_at(int64_t epoch, const at::Tensor& weight = torch::zeros(10)) {
  tx::Checkpoint checkpoint;
  checkpoint.epoch = epoch;
  checkpoint.metric = "accuracy";
  checkpoint.state_dict.tensors.insert("weight", weight);
  return checkpoint;
}

at::Tensor weight_in(const std::string& path) {
  const tx::LoadedFile file{path, tx::load(path, {.verify = tx::formats::Verify::kNow}).at("state_dict")};
  return tx::to_tensor(*file.at("weight").as<tx::formats::Tensor>());
}

// While it lives, no file can grow beyond `size` bytes: what a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

}  // namespace

TEST_CASE("last.pt is each save's, epochs stay every N, and of those the newest K") {
  const TempDir dir;
  const std::string run = dir / "a/b";  // made with the folders above it
  const bool background = GENERATE(false, true);
  tx::CheckpointManager checkpoints(run, {.every_epochs = 2, .keep = 2, .background = background});
  for (int64_t epoch = 1; epoch <= 9; ++epoch) {
    checkpoints.save(checkpoint_at(epoch - 1));
    CHECK_FALSE(checkpoints.save_epoch(checkpoint_at(epoch)));
  }
  checkpoints.wait();
  CHECK(names_in(run) == FileNames{".lock", "last.pt", "epoch-0006.pt", "epoch-0008.pt"});
  CHECK(tx::load(run + "/last.pt").integer("epoch") == 9);
  CHECK(tx::load(run + "/epoch-0006.pt").integer("epoch") == 6);
}

TEST_CASE("a resumed run keeps K of its own and earlier epochs, and leaves later ones alone") {
  const TempDir dir;
  const std::string run = dir.path().string();
  for (const char* name : {"epoch-0001.pt", "epoch-0002.pt", "epoch-0003.pt", "epoch-0009.pt", "epoch-2.pt"}) {
    tx::testing::write_file(dir / name, "");
  }
  {
    tx::CheckpointManager checkpoints(run, {.every_epochs = 1, .keep = 2});
    checkpoints.save_epoch(checkpoint_at(4));
  }
  CHECK(names_in(run) == FileNames{"last.pt", "epoch-0003.pt", "epoch-0004.pt", "epoch-0009.pt", "epoch-2.pt"});
}

TEST_CASE("best.pt follows the metric, up or down, and NaN never gets there") {
  const TempDir dir;
  const auto mode = GENERATE(tx::MetricMode::kMax, tx::MetricMode::kMin);
  const double sign = mode == tx::MetricMode::kMax ? 1 : -1;
  tx::CheckpointManager checkpoints(dir.path().string(), {.mode = mode});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> best;
  int64_t epoch = 0;
  std::vector<int64_t> improved;
  for (const double value : {nan, 0.5 * sign, 0.4 * sign, 0.5 * sign, nan, 0.6 * sign}) {
    auto checkpoint = checkpoint_at(++epoch);
    checkpoint.best = best;
    if (!checkpoints.save_epoch(std::move(checkpoint), value)) continue;
    best = value;
    improved.push_back(epoch);
  }
  CHECK(improved == std::vector<int64_t>{2, 6});
  checkpoints.wait();
  for (const char* name : {"best.pt", "last.pt"}) {
    const auto file = tx::load(dir / name);
    CHECK(file.integer("epoch") == 6);
    CHECK(file.number("best_accuracy") == 0.6 * sign);
  }
  auto after_nan = checkpoint_at(7);
  after_nan.best = nan;
  CHECK(checkpoints.save_epoch(std::move(after_nan), 0.0));
}

TEST_CASE("a background save holds the state of its moment while training changes it in place") {
  const TempDir dir;
  tx::CheckpointManager checkpoints(dir.path().string());
  const at::Tensor weight = torch::zeros({4 << 20});
  for (int step = 0; step < 6; ++step) {
    weight.fill_(step);
    checkpoints.save(checkpoint_at(step, weight));
    for (int i = 0; i < 5; ++i) weight.add_(0.5);
    checkpoints.wait();
    CHECK(torch::equal(weight_in(dir / "last.pt"), torch::full({4 << 20}, step, torch::kFloat)));
  }
}

TEST_CASE("what goes wrong in the background is thrown by the next call, once, and the old file stays") {
  const TempDir dir;
  tx::CheckpointManager checkpoints(dir.path().string());
  checkpoints.save(checkpoint_at(1));
  {
    const FileSizeLimit full(64 * 1024);
    checkpoints.save(checkpoint_at(2, torch::zeros(100'000)));
    CHECK_THROWS_WITH(checkpoints.save(checkpoint_at(3)), dir / "last.pt" + ": writing failed: File too large");
    checkpoints.wait();
    checkpoints.save(checkpoint_at(4, torch::zeros(100'000)));
    CHECK_THROWS_AS(checkpoints.wait(), tx::CheckpointError);
  }
  CHECK(tx::load(dir / "last.pt").integer("epoch") == 1);
  CHECK(names_in(dir.path()) == FileNames{".lock", "last.pt"});
  checkpoints.save(checkpoint_at(5));
  checkpoints.wait();
  CHECK(tx::load(dir / "last.pt").integer("epoch") == 5);
}

TEST_CASE("a folder's first save, and every one without background, throws what goes wrong by itself") {
  const TempDir dir;
  const FileSizeLimit full(64 * 1024);
  tx::CheckpointManager first(dir / "first");
  CHECK_THROWS_AS(first.save(checkpoint_at(1, torch::zeros(100'000))), tx::CheckpointError);
  CHECK(names_in(dir / "first") == FileNames{".lock"});
  tx::CheckpointManager plain(dir / "plain", {.background = false});
  plain.save(checkpoint_at(1));
  CHECK_THROWS_AS(plain.save(checkpoint_at(2, torch::zeros(100'000))), tx::CheckpointError);
  CHECK(tx::load(dir / "plain/last.pt").integer("epoch") == 1);
}

TEST_CASE("an old epoch goes only when the new files are there") {
  const TempDir dir;
  tx::CheckpointManager checkpoints(dir.path().string(), {.every_epochs = 1, .keep = 1});
  checkpoints.save_epoch(checkpoint_at(1));
  {
    const FileSizeLimit full(64 * 1024);
    checkpoints.save_epoch(checkpoint_at(2, torch::zeros(100'000)));
    CHECK_THROWS_AS(checkpoints.wait(), tx::CheckpointError);
  }
  CHECK(names_in(dir.path()) == FileNames{".lock", "last.pt", "epoch-0001.pt"});
}

TEST_CASE("the end of a manager is the end of its save, and of its lock") {
  const TempDir dir;
  {
    tx::CheckpointManager checkpoints(dir.path().string());
    for (int64_t epoch : {1, 2}) checkpoints.save(checkpoint_at(epoch, torch::zeros(1 << 20)));
    CHECK_THROWS_WITH(tx::CheckpointManager(dir.path().string()),
                      ContainsSubstring("is in use by another process (pid " + std::to_string(::getpid())));
  }
  CHECK(tx::load(dir / "last.pt").integer("epoch") == 2);
  CHECK(names_in(dir.path()) == FileNames{"last.pt"});
}

TEST_CASE("a manager that saves nothing leaves the folder as it was, a dead process's lock included") {
  const TempDir dir;
  tx::testing::write_file(dir / ".lock", "pid 1 on nowhere\n");
  tx::testing::write_file(dir / "last.pt.tmp-1-0", "half");
  {
    const tx::CheckpointManager checkpoints(dir.path().string());
    CHECK(tx::testing::read_file(dir / ".lock") != "pid 1 on nowhere\n");
  }
  CHECK(names_in(dir.path()) == FileNames{".lock", "last.pt.tmp-1-0"});
  CHECK(tx::testing::read_file(dir / ".lock") == "pid 1 on nowhere\n");
}

TEST_CASE("a manager's first save clears away what a kill left half-written, and nothing else") {
  const TempDir dir;
  for (const char* name : {"last.pt.tmp-1-0", "best.pt.tmp-12-3", "epoch-0012.pt.tmp-1-7", "epoch-12.pt.tmp-1-7",
                           "other.pt.tmp-1-0", "last.pt.tmp"}) {
    tx::testing::write_file(dir / name, "");
  }
  const FileNames left = names_in(dir.path());
  tx::CheckpointManager checkpoints(dir.path().string());
  FileNames with_lock = left;
  with_lock.insert(".lock");
  CHECK(names_in(dir.path()) == with_lock);
  checkpoints.save(checkpoint_at(1));
  checkpoints.wait();
  CHECK(names_in(dir.path()) == FileNames{".lock", "last.pt", "epoch-12.pt.tmp-1-7", "other.pt.tmp-1-0", "last.pt.tmp"});
}

TEST_CASE("kill -9 at any moment leaves a folder to go on from, and no epoch lost") {
  const TempDir dir;
  int64_t done = 0;
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      tx::CheckpointManager checkpoints(dir.path().string(), {.every_epochs = 1, .keep = 2});
      for (int64_t epoch = done + 1;; ++epoch) checkpoints.save_epoch(checkpoint_at(epoch), static_cast<double>(epoch));
    }
    while (!std::filesystem::exists(dir / "last.pt")) std::this_thread::yield();  // the first one is under way
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 7 * kill % 50));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto found = tx::find_resumable(dir.path().string());
    CHECK(found.skipped.empty());
    if (!found.file) continue;
    CHECK(found.file->integer("epoch") >= done);
    done = found.file->integer("epoch");
    for (const auto& name : tx::list_checkpoints(dir.path().string())) {
      CHECK_NOTHROW(tx::load(dir / name, {.verify = tx::formats::Verify::kNow}));
    }
  }
  CHECK(done > 0);
}

TEST_CASE("folders and options that can't be are refused by name") {
  const TempDir dir;
  tx::testing::write_file(dir / "file", "");
  CHECK_THROWS_WITH(tx::CheckpointManager(dir / "file/run"),
                    ContainsSubstring(dir / "file/run: can't hold a run's files: "));
  CHECK_THROWS_WITH(tx::CheckpointManager("/proc/1"), ContainsSubstring("/proc/1/.lock: can't be written: "));
  CHECK_THROWS_AS(tx::CheckpointManager(dir.path().string(), {.keep = 0}), c10::ValueError);
  CHECK_THROWS_AS(tx::CheckpointManager(dir.path().string(), {.every_epochs = 0}), c10::ValueError);
}
