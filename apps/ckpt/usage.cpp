#include "usage.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "libtorch_ext/core/closest.h"
#include "program.h"

namespace ckpt {
namespace {

std::vector<std::string> verbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::string no_option(const std::string& command, const std::string& word, const std::vector<std::string>& options) {
  const std::string name = word.substr(0, word.find('='));
  return command + " has no option " + name + torch_ext::did_you_mean(name, options) + "; `" + command +
         " --help` lists all";
}

}  // namespace

std::optional<std::string> wrong_verb(const CLI::App& app, int argc, const char* const* argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  const auto known = verbs(app);
  if (argc < 2) return "a verb is expected: " + torch_ext::quoted_list(known) + "; `tx-ckpt --help` shows examples";
  if (word.empty() || std::ranges::find(known, word) != known.end()) return std::nullopt;
  if (word.starts_with('-')) {
    const auto names = options(app);
    if (std::ranges::find(names, word) != names.end()) return std::nullopt;
    return no_option(kProgram, word, names);
  }
  const std::string there_are = "; the verbs are " + torch_ext::quoted_list(known);
  std::error_code unknown;
  if (std::filesystem::exists(word, unknown)) {
    return word + " is a file, a verb is expected before it: `tx-ckpt ls " + word + "` lists what it holds" + there_are;
  }
  return "there is no verb \"" + word + "\"" + there_are + torch_ext::did_you_mean(word, known);
}

std::string unexpected_argument(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const CLI::App& verb = chosen.empty() ? app : *chosen.front();
  const std::string command = std::string(kProgram) + (chosen.empty() ? "" : " " + verb.get_name());
  const auto extras = app.remaining(true);
  const auto option = std::ranges::find_if(extras, [](const auto& word) { return word.size() > 1 && word[0] == '-'; });
  if (option != extras.end()) return no_option(command, *option, options(verb));
  return command + ": \"" + (extras.empty() ? "" : extras.front()) + "\" is one argument too many; `" + command +
         " --help` says what is expected";
}

}  // namespace ckpt
