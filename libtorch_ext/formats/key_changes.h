#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// Says how names were changed by words taken out and put in: `stripped "module.", added "model." to 3 of 5 keys (fc)`.
class KeyChanges {
 public:
  void add(std::string_view before, std::string_view after);
  std::string to_words() const;

 private:
  struct Places {
    size_t count = 0;
    std::string example;  // the first name before the change
    size_t order = 0;
    size_t last = 0;  // the number of the last key
  };
  using Runs = std::map<std::string, Places, std::less<>>;

  void note(Runs& runs, std::string& run, std::string_view name) const;
  std::string to_words(const Runs& runs, const char* done, const char* where) const;

  Runs stripped_;
  Runs added_;
  size_t keys_ = 0;
};

}  // namespace torch_ext::formats
