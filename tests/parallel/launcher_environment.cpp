#include "libtorch_ext/parallel/launcher_environment.h"

#include <map>

#include "libtorch_ext/parallel/error.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using Variables = std::map<std::string, std::string>;

namespace {

std::optional<tx::LauncherEnvironment> read(const Variables& variables) {
  return tx::launcher_environment([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

Variables torchrun() {
  return {{"RANK", "3"},
          {"WORLD_SIZE", "4"},
          {"LOCAL_RANK", "1"},
          {"LOCAL_WORLD_SIZE", "2"},
          {"MASTER_ADDR", "host"},
          {"MASTER_PORT", "29500"},
          {"TORCHELASTIC_RESTART_COUNT", "2"},
          {"TORCHELASTIC_USE_AGENT_STORE", "True"}};
}

}  // namespace

TEST_CASE("launcher: torchrun's variables") {
  const auto launcher = read(torchrun());
  REQUIRE(launcher);
  CHECK(launcher->rank == 3);
  CHECK(launcher->world_size == 4);
  CHECK(launcher->local_rank == 1);
  CHECK(launcher->local_world_size == 2);
  CHECK(launcher->master_addr == "host");
  CHECK(launcher->master_port == 29500);
  CHECK(launcher->restart_count == 2);
  CHECK(launcher->store_is_launchers);
}

TEST_CASE("launcher: none, and what is left out") {
  CHECK_FALSE(read({}));
  CHECK_FALSE(read({{"MASTER_ADDR", "host"}}));
  const auto launcher = read({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "host"}, {"MASTER_PORT", "1"}});
  REQUIRE(launcher);
  CHECK(launcher->local_rank == 1);
  CHECK(launcher->local_world_size == 2);
  CHECK_FALSE(launcher->store_is_launchers);
}

TEST_CASE("launcher: a variable that is missing or no number is named") {
  const std::string name = GENERATE("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT");
  auto variables = torchrun();
  variables.erase(name);
  CHECK_THROWS_WITH(read(variables),
                    Catch::Matchers::StartsWith("environment variable " + name + ": found it not set"));
  variables = torchrun();
  for (const std::string value : {"-1", "x", "1 ", "99999999999"}) {
    if (name == "MASTER_ADDR") continue;
    variables[name] = value;
    CHECK_THROWS_WITH(read(variables),
                      Catch::Matchers::StartsWith("environment variable " + name + ": found \"" + value + "\""));
  }
}
