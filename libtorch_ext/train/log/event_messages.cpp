#include "libtorch_ext/train/log/event_messages.h"

#include <protozero/pbf_writer.hpp>

#include "libtorch_ext/image/encode.h"

namespace torch_ext::detail {
namespace {

using protozero::pbf_writer;

constexpr int kSessionStart = 1;
constexpr int kStringType = 7;  // DT_STRING

std::string event(const EventTime& time, auto&& write) {
  std::string bytes;
  pbf_writer event(bytes);
  event.add_double(1, time.wall_time);
  if (time.step != 0) event.add_int64(2, time.step);
  write(event);
  return bytes;
}

std::string tagged(const std::string& tag, auto&& write) {
  std::string bytes;
  pbf_writer value(bytes);
  value.add_string(1, tag);
  write(value);
  return bytes;
}

void add_plugin(pbf_writer& value, const std::string& plugin, const std::string& content) {
  pbf_writer metadata(value, 9);
  pbf_writer data(metadata, 1);
  data.add_string(1, plugin);
  if (!content.empty()) data.add_bytes(2, content);
}

}  // namespace

std::string version_event(double wall_time) {
  return event({wall_time}, [](pbf_writer& event) {
    event.add_string(3, "brain.Event:2");
    pbf_writer source(event, 10);
    source.add_string(1, "libtorch_ext");
  });
}

std::string session_start_event(const EventTime& time) {
  return event(time, [](pbf_writer& event) {
    pbf_writer session(event, 7);
    session.add_enum(1, kSessionStart);
  });
}

std::string summary_event(const EventTime& time, const std::string& summary_value) {
  return event(time, [&](pbf_writer& event) {
    pbf_writer summary(event, 5);
    summary.add_message(1, summary_value);
  });
}

std::string graph_event(double wall_time, const std::string& graph_def) {
  return event({wall_time}, [&](pbf_writer& event) { event.add_bytes(4, graph_def); });
}

std::string run_metadata_event(double wall_time) {
  std::string metadata;
  {
    pbf_writer run(metadata);
    pbf_writer steps(run, 1);
    pbf_writer device(steps, 1);
    device.add_string(1, "/device:CPU:0");
  }
  return event({wall_time}, [&](pbf_writer& event) {
    pbf_writer tagged(event, 8);
    tagged.add_string(1, "step1");
    tagged.add_bytes(2, metadata);
  });
}

std::string scalar_summary(const std::string& tag, double number) {
  return tagged(tag, [&](pbf_writer& value) { value.add_float(2, static_cast<float>(number)); });
}

std::string histogram_summary(const std::string& tag, const Histogram& histogram) {
  return tagged(tag, [&](pbf_writer& value) {
    pbf_writer message(value, 5);
    message.add_double(1, histogram.min);
    message.add_double(2, histogram.max);
    message.add_double(3, histogram.num);
    message.add_double(4, histogram.sum);
    message.add_double(5, histogram.sum_squares);
    message.add_packed_double(6, histogram.bucket_limit.begin(), histogram.bucket_limit.end());
    message.add_packed_double(7, histogram.bucket.begin(), histogram.bucket.end());
  });
}

std::string image_summary(const std::string& tag, const Image& image) {
  const auto png = encode_png(image);
  return tagged(tag, [&](pbf_writer& value) {
    pbf_writer message(value, 4);
    message.add_int32(1, static_cast<int32_t>(image.height));
    message.add_int32(2, static_cast<int32_t>(image.width));
    message.add_int32(3, static_cast<int32_t>(image.channels));
    message.add_bytes(4, reinterpret_cast<const char*>(png.data()), png.size());
  });
}

std::string text_summary(const std::string& tag, const std::string& text) {
  return tagged(tag + "/text_summary", [&](pbf_writer& value) {
    add_plugin(value, "text", {});
    pbf_writer tensor(value, 8);
    tensor.add_enum(1, kStringType);
    {
      pbf_writer shape(tensor, 2);
      pbf_writer dimension(shape, 2);
      dimension.add_int64(1, 1);
    }
    tensor.add_bytes(8, text);
  });
}

std::string plugin_summary(const std::string& tag, const std::string& plugin, const std::string& content) {
  return tagged(tag, [&](pbf_writer& value) { add_plugin(value, plugin, content); });
}

}  // namespace torch_ext::detail
