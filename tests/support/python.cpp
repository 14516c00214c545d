#include "tests/support/python.h"

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <sys/wait.h>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::testing {
namespace {

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (char c : word) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

struct Result {
  int status;
  std::string output;
};

Result run(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("can't run " + command);
  std::string output;
  char buffer[4096];
  for (size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, size);
  return {::pclose(pipe), std::move(output)};
}

}  // namespace

const std::string& python_problem() {
  static const std::string problem = [] {
    const std::string python = TORCH_EXT_TEST_PYTHON;
    if (!std::filesystem::exists(python)) return python + " is missing; scripts/setup makes it";
    const auto found =
        run(quoted(python) + " -c 'import importlib.util as u; print(u.find_spec(\"torch\") is None)' 2>&1");
    return found.output == "False\n" ? std::string() : python + " has no torch; scripts/setup installs it";
  }();
  return problem;
}

std::string run_python(const std::string& code, const std::vector<std::string>& arguments) {
  const TempDir dir;
  const std::string script = dir / "script.py";
  write_file(script, code);
  std::string command = quoted(TORCH_EXT_TEST_PYTHON) + " -W ignore " + quoted(script);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  auto result = run(command + " 2>&1");
  if (result.status != 0) throw std::runtime_error("Python failed:\n" + result.output);
  return std::move(result.output);
}

}  // namespace torch_ext::testing
