#include "libtorch_ext/device/parse_visible_devices.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace torch_ext {
namespace {

constexpr std::string_view kSpace = " \t\n\r\v\f";
constexpr std::string_view kGpu = "GPU-";
constexpr std::string_view kMig = "MIG-";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end = text.find(separator); end != text.npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string ends_at(std::string_view entry, const std::string& why) {
  return "the list ends at " + quoted(entry) + ", " + why;
}

ParsedDevices none_for_repeating(std::string_view entry) {
  return {.reason = quoted(entry) + " repeats a device, which hides all"};
}

// The digits that the entry begins with, without leading zeros: however long, two are equal where their numbers are.
// Nothing for a negative number or a word.
std::optional<std::string_view> leading_digits(std::string_view entry) {
  entry.remove_prefix(std::min(entry.find_first_not_of(kSpace), entry.size()));
  const bool negative = entry.starts_with('-');
  if (negative || entry.starts_with('+')) entry.remove_prefix(1);
  std::string_view digits = entry.substr(0, entry.find_first_not_of("0123456789"));
  if (digits.empty()) return std::nullopt;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (negative && digits != "0") return std::nullopt;
  return digits;
}

// The number that `digits` stand for, where it is below `count`.
std::optional<int> ordinal(std::string_view digits, int count) {
  constexpr size_t kDigitsOfAnInt = 9;
  if (digits.size() > kDigitsOfAnInt) return std::nullopt;
  const int number = std::stoi(std::string(digits));
  return number < count ? std::optional(number) : std::nullopt;
}

ParsedDevices parse_numbers(const std::vector<std::string_view>& entries, int count) {
  ParsedDevices parsed;
  std::vector<std::string_view> seen;
  bool ended = false;
  for (const auto entry : entries) {
    const auto digits = leading_digits(entry);
    if (!digits) {
      if (!ended) parsed.reason = ends_at(entry, "which is no number from 0");
      break;
    }
    if (std::find(seen.begin(), seen.end(), *digits) != seen.end()) return none_for_repeating(entry);
    seen.push_back(*digits);
    if (ended) continue;
    if (const auto id = ordinal(*digits, count)) {
      parsed.ids.push_back(*id);
    } else {
      parsed.reason = ends_at(entry, "where the GPUs are numbered " + (count > 0 ? "0 to " + std::to_string(count - 1)
                                                                                 : "from 0 and there are none"));
      ended = true;
    }
  }
  return parsed;
}

// The one of `uuids` that begins with `entry`.
std::optional<int> unique_match(std::string_view entry, const std::vector<std::string>& uuids, std::string& why) {
  std::optional<int> match;
  for (size_t i = 0; i < uuids.size(); ++i) {
    if (!uuids[i].starts_with(entry)) continue;
    if (match) {
      why = "with which more than one UUID begins";
      return std::nullopt;
    }
    match = static_cast<int>(i);
  }
  if (!match) why = "with which no UUID begins";
  return match;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<int> find_device(std::string_view entry, const std::vector<std::string>& uuids, std::string& why) {
  const bool lists_migs = std::any_of(uuids.begin(), uuids.end(), [](auto& uuid) { return uuid.starts_with(kMig); });
  if (lists_migs || !entry.starts_with("MIG-GPU-")) return unique_match(entry, uuids, why);
  const auto parts = split(entry.substr(kMig.size()), '/');
  if (parts.size() != 3 || !is_number(parts[1]) || !is_number(parts[2])) {
    why = "which isn't MIG-GPU-<uuid>/<gpu instance>/<compute instance>";
    return std::nullopt;
  }
  return unique_match(parts[0], uuids, why);
}

ParsedDevices parse_identifiers(const std::vector<std::string_view>& entries, std::string_view kind,
                                const std::vector<std::string>& uuids) {
  size_t end = 0;
  for (; end < entries.size(); ++end) {
    const auto before = entries.begin() + static_cast<std::ptrdiff_t>(end);
    if (std::find(entries.begin(), before, entries[end]) != before) return none_for_repeating(entries[end]);
    if (!entries[end].starts_with(kind)) break;
  }
  ParsedDevices parsed;
  for (size_t i = 0; i < end; ++i) {
    std::string why;
    const auto id = find_device(entries[i], uuids, why);
    if (!id) {
      parsed.reason = ends_at(entries[i], why);
      return parsed;
    }
    if (std::find(parsed.ids.begin(), parsed.ids.end(), *id) != parsed.ids.end()) return none_for_repeating(entries[i]);
    parsed.ids.push_back(*id);
    if (kind == kMig && entries.size() > 1) {
      parsed.reason = "a process sees one MIG instance, the first";
      return parsed;
    }
  }
  if (end < entries.size()) {
    parsed.reason = ends_at(entries[end], "which doesn't begin with " + quoted(kind) + " as the first entry does");
  }
  return parsed;
}

std::vector<int> numbers_below(int count) {
  std::vector<int> ids(static_cast<size_t>(std::max(count, 0)));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

}  // namespace

ParsedDevices parse_visible_devices(const std::optional<std::string>& value, int count,
                                    const std::vector<std::string>& uuids) {
  if (!value) return {.ids = numbers_below(count)};
  if (value->find_first_not_of(kSpace) == std::string::npos) return {.reason = "an empty value hides all"};
  const auto entries = split(*value, ',');
  if (value->starts_with(kGpu)) return parse_identifiers(entries, kGpu, uuids);
  if (value->starts_with(kMig)) return parse_identifiers(entries, kMig, uuids);
  return parse_numbers(entries, count);
}

ParsedDevices parse_visible_devices(const RocmVisibleDevices& values, int count,
                                    const std::vector<std::string>& uuids) {
  const ParsedDevices left = parse_visible_devices(values.rocr, count, uuids);
  std::vector<std::string> left_uuids;
  for (const int id : left.ids) {
    if (static_cast<size_t>(id) < uuids.size()) left_uuids.push_back(uuids[static_cast<size_t>(id)]);
  }
  ParsedDevices parsed =
      parse_visible_devices(values.hip ? values.hip : values.cuda, static_cast<int>(left.ids.size()), left_uuids);
  for (int& id : parsed.ids) id = left.ids[static_cast<size_t>(id)];
  if (!left.reason.empty()) {
    parsed.reason = "ROCR_VISIBLE_DEVICES: " + left.reason + (parsed.reason.empty() ? "" : "; " + parsed.reason);
  }
  return parsed;
}

}  // namespace torch_ext
