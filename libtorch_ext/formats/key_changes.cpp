#include "libtorch_ext/formats/key_changes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/wrappers.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxRuns = 3;
constexpr size_t kMaxName = 80;

// The last word of a name with dots between its words, which is then taken off.
std::string_view take_last(std::string_view& name) {
  const size_t dot = name.size() < 2 ? name.npos : name.rfind('.', name.size() - 2);
  const size_t begin = dot == name.npos ? 0 : dot + 1;
  const std::string_view word = name.substr(begin);
  name = name.substr(0, begin);
  return word;
}

std::string_view last(std::string_view name) { return take_last(name); }

std::string_view without_dot(std::string_view word) { return word.substr(0, word.size() - word.ends_with('.')); }

bool ends_in_wrapper(std::string_view name) {
  return name.ends_with('.') && is_wrapper(without_dot(last(name)), Wrappers::kAll);
}

}  // namespace

void KeyChanges::note(Runs& runs, std::string& run, std::string_view name) const {
  if (run.empty()) return;
  Places& places = runs.try_emplace(run, Places{.example = std::string(name), .order = runs.size()}).first->second;
  if (std::exchange(places.last, keys_) != keys_) ++places.count;
  run.clear();
}

void KeyChanges::add(std::string_view before, std::string_view after) {
  ++keys_;
  if (before == after) return;
  const std::string_view name = before;
  std::string stripped, added;
  const auto put_before = [](std::string& run, std::string_view words) { run.insert(0, words); };
  // From the end: what both have, or a wrapper's word that one of them has.
  while (!before.empty() && !after.empty()) {
    if (last(before) == last(after)) {
      take_last(before), take_last(after);
      note(stripped_, stripped, name);
      note(added_, added, name);
    } else if (ends_in_wrapper(before)) {
      put_before(stripped, take_last(before));
    } else if (ends_in_wrapper(after)) {
      put_before(added, take_last(after));
    } else {
      break;
    }
  }
  put_before(stripped, before);
  put_before(added, after);
  note(stripped_, stripped, name);
  note(added_, added, name);
}

std::string KeyChanges::to_words(const Runs& runs, const char* done, const char* where) const {
  std::vector<const Runs::value_type*> in_order;
  for (const auto& run : runs) in_order.push_back(&run);
  std::ranges::sort(in_order, {}, [](const auto* run) { return run->second.order; });
  std::string text;
  for (size_t i = 0; i < std::min(in_order.size(), kMaxRuns); ++i) {
    const auto& [run, places] = *in_order[i];
    text += (i == 0 ? std::string(done) : ",") + " \"" + run + "\"";
    if (places.count == keys_) continue;
    text += std::string(" ") + where + " " + std::to_string(places.count) + " of " + std::to_string(keys_) + " keys (" +
            places.example.substr(0, kMaxName) + (places.count > 1 ? ", …)" : ")");
  }
  return text + (in_order.size() > kMaxRuns ? ", …" : "");
}

std::string KeyChanges::to_words() const {
  const std::string stripped = to_words(stripped_, "stripped", "from");
  const std::string added = to_words(added_, "added", "to");
  return stripped + (stripped.empty() || added.empty() ? "" : ", ") + added;
}

}  // namespace torch_ext::formats
