#include "libtorch_ext/train/log/summary_writer.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>

#include "libtorch_ext/formats/python_float.h"
#include "libtorch_ext/train/log/event_file.h"
#include "libtorch_ext/train/log/event_messages.h"
#include "libtorch_ext/train/log/graph_def.h"
#include "libtorch_ext/train/log/to_image.h"

namespace torch_ext {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string without_folders(std::string tag) {
  std::replace(tag.begin(), tag.end(), '/', '_');
  return tag;
}

}  // namespace

struct SummaryWriter::Files {
  std::string log_dir;
  SummaryWriterOptions options;
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<detail::EventFile>> by_folder;  // "": log_dir's own
  bool closed = false;

  detail::EventFile& in(const std::string& folder) {
    TORCH_CHECK_VALUE(!closed, log_dir, ": found the writer closed, expected it open; make a new one");
    auto& file = by_folder[folder];
    if (!file) {
      const double now = seconds_now();
      const auto path = folder.empty() ? log_dir : (std::filesystem::path(log_dir) / folder).string();
      file = std::make_unique<detail::EventFile>(path, options.filename_suffix, now);
      file->append(detail::version_event(now));
      if (options.purge_step) {
        // Some readers take a first start for the run's beginning, and only the second for one that purges.
        for (int i = 0; i < 2; ++i) file->append(detail::session_start_event({now, *options.purge_step}));
      }
    }
    return *file;
  }

  void add(const std::string& folder, const std::string& summary, Step step, Time walltime) {
    const std::lock_guard lock(mutex);
    in(folder).append(detail::summary_event({walltime.value_or(seconds_now()), step.value_or(0)}, summary));
  }
};

SummaryWriter::SummaryWriter(const std::string& log_dir, const SummaryWriterOptions& options)
    : files_(std::make_unique<Files>()) {
  files_->log_dir = log_dir;
  files_->options = options;
  files_->in("");
}

SummaryWriter::~SummaryWriter() = default;
SummaryWriter::SummaryWriter(SummaryWriter&&) noexcept = default;
SummaryWriter& SummaryWriter::operator=(SummaryWriter&&) noexcept = default;

const std::string& SummaryWriter::log_dir() const { return files_->log_dir; }

void SummaryWriter::add_scalar(const std::string& tag, double scalar_value, Step global_step, Time walltime) {
  files_->add("", detail::scalar_summary(tag, scalar_value), global_step, walltime);
}

void SummaryWriter::add_scalars(const std::string& main_tag, const Scalars& tag_scalar_dict, Step global_step,
                                Time walltime) {
  const double now = walltime.value_or(seconds_now());
  for (const auto& [tag, value] : tag_scalar_dict) {
    files_->add(without_folders(main_tag) + "_" + tag, detail::scalar_summary(main_tag, value), global_step, now);
  }
}

void SummaryWriter::add_histogram(const std::string& tag, const at::Tensor& values, Step global_step, Time walltime) {
  files_->add("", detail::histogram_summary(tag, make_histogram(values)), global_step, walltime);
}

void SummaryWriter::add_image(const std::string& tag, const at::Tensor& img_tensor, Step global_step, Time walltime,
                              const std::string& dataformats) {
  files_->add("", detail::image_summary(tag, to_image(img_tensor, dataformats)), global_step, walltime);
}

void SummaryWriter::add_images(const std::string& tag, const at::Tensor& img_tensor, Step global_step, Time walltime,
                               const std::string& dataformats) {
  add_image(tag, img_tensor, global_step, walltime, dataformats);
}

void SummaryWriter::add_text(const std::string& tag, const std::string& text_string, Step global_step, Time walltime) {
  files_->add("", detail::text_summary(tag, text_string), global_step, walltime);
}

void SummaryWriter::add_graph(const Trace& trace, Time walltime) {
  const double now = walltime.value_or(seconds_now());
  const std::string graph = detail::graph_def(trace);
  const std::lock_guard lock(files_->mutex);
  files_->in("").append(detail::graph_event(now, graph));
  files_->in("").append(detail::run_metadata_event(now));
}

void SummaryWriter::add_hparams(const HParams& hparam_dict, const Scalars& metric_dict, std::string run_name,
                                Step global_step) {
  if (run_name.empty()) run_name = formats::python_float(seconds_now());
  SummaryWriter run((std::filesystem::path(log_dir()) / run_name).string());
  for (const auto& summary : detail::hparams_summaries(hparam_dict, metric_dict)) {
    run.files_->add("", summary, global_step, {});
  }
  for (const auto& [tag, value] : metric_dict) run.add_scalar(tag, value, global_step);
}

void SummaryWriter::flush() {
  const std::lock_guard lock(files_->mutex);
  for (const auto& [folder, file] : files_->by_folder) file->flush();
}

void SummaryWriter::close() {
  flush();
  const std::lock_guard lock(files_->mutex);
  files_->by_folder.clear();
  files_->closed = true;
}

}  // namespace torch_ext
