// The examples of libtorch_ext/cookbook.md, run out of the page itself: extract.cmake compiles its C++ into this
// program, run_python.py runs its Python.
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "libtorch_ext/device/deterministic.h"
#include "tests/cookbook/recipe.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::testing {
namespace {

struct PythonExample {
  std::string output, error;
};

// Python's examples by number, all run by one Python. Empty where there is none.
std::map<int, PythonExample> run_python_examples() {
  std::map<int, PythonExample> examples;
  if (!python_problem().empty()) return examples;
  const std::string folder = TORCH_EXT_SOURCE_DIR;
  const auto output =
      run_python(read_file(folder + "/tests/cookbook/run_python.py"), {folder + "/libtorch_ext/cookbook.md"});
  const size_t json = output.rfind("{\"1\"");  // among warnings
  const auto all = nlohmann::json::parse(output.substr(json, output.find('\n', json) - json));
  for (const auto& [number, example] : all.items()) {
    examples[std::stoi(number)] = {example.at("output"), example.at("error")};
  }
  return examples;
}

// Runs an example in an empty folder, on one thread, and returns what it printed. Leaves all as it was.
std::string run_example(const Recipe& recipe) {
  const TempDir folder;
  const auto path = std::filesystem::current_path();
  const int threads = at::get_num_threads();
  std::ostringstream output;
  auto* const before = std::cout.rdbuf(output.rdbuf());
  const std::shared_ptr<void> restore(nullptr, [&](void*) {
    std::cout.rdbuf(before);
    std::filesystem::current_path(path);
    at::set_num_threads(threads);
    set_deterministic(false);
  });
  std::filesystem::current_path(folder.path());
  at::set_num_threads(1);
  recipe.run();
  return output.str();
}

}  // namespace

TEST_CASE("cookbook: its 80 examples run, and where both languages print, they print the same", "[cookbook]") {
  const auto python = run_python_examples();
  std::ranges::sort(recipes(), {}, &Recipe::number);
  int number = 0, compared = 0;
  for (const Recipe& recipe : recipes()) {
    INFO(recipe.title);
    CHECK(recipe.number == ++number);
    std::string ours;
    CHECK_NOTHROW(ours = run_example(recipe));
    if (python.empty()) continue;
    REQUIRE(python.contains(recipe.number));
    const auto& [theirs, error] = python.at(recipe.number);
    CHECK(error == "");
    if (ours.empty() || theirs.empty()) continue;
    CHECK(ours == theirs);
    ++compared;
  }
  CHECK(number == 80);
  if (!python.empty()) CHECK(compared >= 70);
}

}  // namespace torch_ext::testing
