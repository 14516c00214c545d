#include "libtorch_ext/core/closest.h"

#include "tests/support/catch.h"

using torch_ext::closest;
using torch_ext::did_you_mean;

TEST_CASE("closest finds the word behind a typo of any kind") {
  const std::vector<std::string> words{"learning_rate", "momentum", "SGD"};
  const std::string typo = GENERATE("lerning_rate", "learning_rte", "learnign_rate", "Learning_Rate", "learningrate");
  CHECK(closest(typo, words) == "learning_rate");
  CHECK(closest("sgd", words) == "SGD");
}

TEST_CASE("closest keeps quiet about words that resemble nothing") {
  CHECK(closest("batch_size", {"momentum", "lr"}).empty());
  CHECK(closest("", {"momentum"}).empty());
  CHECK(closest(std::string(100000, 'a'), {"momentum"}).empty());
  CHECK(did_you_mean("xyz", {"momentum"}).empty());
  CHECK(did_you_mean("momentun", {"momentum"}) == "; did you mean \"momentum\"?");
}
