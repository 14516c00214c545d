#pragma once

#include <string>
#include <vector>

namespace torch_ext::testing {

/// An example of cookbook.md; its title begins with its number.
struct Recipe {
  int number;
  std::string title;
  void (*run)();
};

/// Those of all sources, in no order.
inline std::vector<Recipe>& recipes() {
  static std::vector<Recipe> all;
  return all;
}

struct RegisteredRecipe {
  RegisteredRecipe(int number, const char* title, void (*run)()) { recipes().push_back({number, title, run}); }
};

}  // namespace torch_ext::testing

/// Before the body of an example, in what extract.cmake makes of the page.
#define TORCH_EXT_RECIPE(number, title)                                                                         \
  static void recipe_##number();                                                                                \
  static const torch_ext::testing::RegisteredRecipe registered_recipe_##number(number, title, recipe_##number); \
  static void recipe_##number()
