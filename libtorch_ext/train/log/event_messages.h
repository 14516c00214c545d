#pragma once

#include <cstdint>
#include <string>

#include "libtorch_ext/image/image.h"
#include "libtorch_ext/train/log/histogram.h"

/// TensorBoard's protocol buffers, serialized: `tensorboard/compat/proto/*.proto`.
namespace torch_ext::detail {

/// When something was, and at which step.
struct EventTime {
  double wall_time = 0;  ///< seconds since 1970
  int64_t step = 0;
};

// Event.
std::string version_event(double wall_time);
std::string session_start_event(const EventTime& time);
std::string summary_event(const EventTime& time, const std::string& summary_value);
std::string graph_event(double wall_time, const std::string& graph_def);
std::string run_metadata_event(double wall_time);

// Summary.Value.
std::string scalar_summary(const std::string& tag, double value);
std::string histogram_summary(const std::string& tag, const Histogram& histogram);
std::string image_summary(const std::string& tag, const Image& image);
std::string text_summary(const std::string& tag, const std::string& text);
/// One with nothing but metadata for a plugin.
std::string plugin_summary(const std::string& tag, const std::string& plugin, const std::string& content);

}  // namespace torch_ext::detail
