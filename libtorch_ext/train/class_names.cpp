#include "libtorch_ext/train/class_names.h"

#include <utf8proc.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <map>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/core/few_of.h"

namespace torch_ext {
namespace {

std::string transcribed(const std::string& name, int options) {
  utf8proc_uint8_t* text = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                                 static_cast<utf8proc_ssize_t>(name.size()), &text,
                                 static_cast<utf8proc_option_t>(options));
  if (size < 0) return name;  // no UTF-8
  std::string result(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  std::free(text);
  return result;
}

// The same for names that people take for the same.
std::string essence(const std::string& name) {
  std::string text = transcribed(name, UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE |
                                           UTF8PROC_STABLE);
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) || c == '_' || c == '-'; });
  return text;
}

// Names of `names` that aren't in `others`.
std::vector<std::string> without(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  std::vector<std::string> sorted = others, rest;
  std::ranges::sort(sorted);
  std::ranges::copy_if(names, std::back_inserter(rest),
                       [&](const std::string& name) { return !std::ranges::binary_search(sorted, name); });
  return rest;
}

std::string spelt_differently(const std::string& found, const std::string& expected) {
  const auto composed = [](const std::string& name) { return transcribed(name, UTF8PROC_COMPOSE | UTF8PROC_STABLE); };
  const char* form = composed(found) == composed(expected) ? " in another Unicode form" : "";
  return "\"" + found + "\" for \"" + expected + "\"" + form;
}

}  // namespace

std::string class_differences(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                              bool may_lack) {
  constexpr size_t kMostPairs = 10;
  constexpr size_t kMostCompared = 100;  // letter by letter, which takes no time for so many
  auto missing = without(expected, found);
  auto additional = without(found, expected);
  std::string text;
  const auto add = [&](const std::string& difference) { text += (text.empty() ? "" : "; ") + difference; };
  size_t pairs = 0;
  const auto pair_up = [&](const auto& meant_by) {
    std::erase_if(additional, [&](const std::string& name) {
      const std::string meant = pairs < kMostPairs ? meant_by(name) : "";
      if (meant.empty() || std::erase(missing, meant) == 0) return false;
      ++pairs;
      add(spelt_differently(name, meant));
      return true;
    });
  };
  std::map<std::string, std::string> by_essence;
  for (const auto& name : missing) by_essence.emplace(essence(name), name);
  pair_up([&](const std::string& name) {
    const auto same = by_essence.find(essence(name));
    return same == by_essence.end() ? "" : same->second;
  });
  if (missing.size() <= kMostCompared && additional.size() <= kMostCompared) {
    pair_up([&](const std::string& name) { return closest(name, missing); });
  }
  if (!missing.empty() && !may_lack) add("no " + some_of(missing));
  if (!additional.empty()) {
    add(some_of(additional) + (additional.size() == 1 ? ", which isn't expected" : ", which aren't expected"));
  }
  return text;
}

std::vector<int64_t> indices_of(const std::vector<std::string>& names, const std::vector<std::string>& among) {
  std::map<std::string, int64_t> indices;
  for (const auto& name : among) indices.emplace(name, static_cast<int64_t>(indices.size()));
  std::vector<int64_t> result;
  for (const auto& name : names) result.push_back(indices.at(name));
  return result;
}

std::string some_of(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back("\"" + name + "\"");
  return few_of(quoted, 10);
}

}  // namespace torch_ext
