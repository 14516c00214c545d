#include "libtorch_ext/train/log/hparams.h"

#include <optional>
#include <protozero/pbf_writer.hpp>

#include "libtorch_ext/train/log/event_messages.h"

namespace torch_ext::detail {
namespace {

using protozero::pbf_writer;

constexpr int kTypeString = 1, kTypeFloat64 = 3, kStatusSuccess = 1;

// Empty for a text.
std::optional<double> number_of(const HParam& value) {
  return std::visit(
      [](const auto& held) -> std::optional<double> {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
          return std::nullopt;
        } else {
          return static_cast<double>(held);
        }
      },
      value);
}

std::string plugin_data(protozero::pbf_tag_type field, const std::string& message) {
  std::string bytes;
  pbf_writer data(bytes);
  data.add_message(field, message);
  return bytes;
}

std::string experiment(const HParams& hparams, const Scalars& metrics) {
  std::string bytes;
  pbf_writer experiment(bytes);
  for (const auto& [name, value] : hparams) {
    pbf_writer info(experiment, 4);
    info.add_string(1, name);
    info.add_enum(4, number_of(value) ? kTypeFloat64 : kTypeString);
  }
  for (const auto& metric : metrics) {
    pbf_writer info(experiment, 5);
    pbf_writer name(info, 1);
    name.add_string(2, metric.first);
  }
  return bytes;
}

std::string session_start(const HParams& hparams) {
  std::string bytes;
  pbf_writer session(bytes);
  for (const auto& [name, value] : hparams) {
    pbf_writer entry(session, 1);
    entry.add_string(1, name);
    pbf_writer held(entry, 2);
    if (const auto number = number_of(value)) {
      held.add_double(2, *number);
    } else {
      held.add_string(3, std::get<std::string>(value));
    }
  }
  return bytes;
}

std::string session_end() {
  std::string bytes;
  pbf_writer(bytes).add_enum(1, kStatusSuccess);
  return bytes;
}

}  // namespace

std::vector<std::string> hparams_summaries(const HParams& hparams, const Scalars& metrics) {
  return {plugin_summary("_hparams_/experiment", "hparams", plugin_data(2, experiment(hparams, metrics))),
          plugin_summary("_hparams_/session_start_info", "hparams", plugin_data(3, session_start(hparams))),
          plugin_summary("_hparams_/session_end_info", "hparams", plugin_data(4, session_end()))};
}

}  // namespace torch_ext::detail
