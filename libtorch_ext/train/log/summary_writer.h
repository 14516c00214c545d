#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libtorch_ext/train/log/hparams.h"

namespace torch_ext {

struct Trace;

struct SummaryWriterOptions {
  /// The first step of a run that goes on: what an earlier run, killed later, wrote for this step and those after it
  /// disappears from TensorBoard. Its files stay as they are.
  std::optional<int64_t> purge_step;
  /// Ends the files' names.
  std::string filename_suffix;
};

/// Writes what TensorBoard shows: Python's `torch.utils.tensorboard.SummaryWriter`, its methods and numbers.
///
/// Each call appends one whole record to the events file, at once, by one write: a kill loses nothing, and TensorBoard
/// sees it while training goes on. There is no thread and no queue; several threads may call. `global_step` is 0 where
/// it isn't given, as in Python; `walltime`, seconds since 1970, is now.
///
/// Throws `Error` where files can't be written, a `c10::ValueError` for tensors that don't fit.
///
///     tx::SummaryWriter writer("runs/fashion_mnist");
///     writer.add_scalar("loss/train", loss, step);
///     writer.add_histogram("conv1.weight", model->conv1->weight, epoch);
///     writer.add_graph(tx::trace(*model, images));
///     // tensorboard --logdir runs
class SummaryWriter {
 public:
  using Step = std::optional<int64_t>;
  using Time = std::optional<double>;

  /// Starts a new events file in `log_dir`, made where it isn't there; those of earlier runs stay and are read first.
  explicit SummaryWriter(const std::string& log_dir, const SummaryWriterOptions& options = {});
  ~SummaryWriter();
  SummaryWriter(SummaryWriter&&) noexcept;
  SummaryWriter& operator=(SummaryWriter&&) noexcept;

  /// A point of a curve; kept as float32, as in Python.
  void add_scalar(const std::string& tag, double scalar_value, Step global_step = {}, Time walltime = {});
  /// Points of curves that are drawn into one picture; each has an events file of its own, in
  /// `log_dir/<main_tag>_<tag>`.
  void add_scalars(const std::string& main_tag, const Scalars& tag_scalar_dict, Step global_step = {},
                   Time walltime = {});
  /// How a tensor's numbers are spread, in Python's default bins: see `make_histogram`.
  void add_histogram(const std::string& tag, const at::Tensor& values, Step global_step = {}, Time walltime = {});
  /// A picture: see `to_image`.
  void add_image(const std::string& tag, const at::Tensor& img_tensor, Step global_step = {}, Time walltime = {},
                 const std::string& dataformats = "CHW");
  /// Pictures side by side.
  void add_images(const std::string& tag, const at::Tensor& img_tensor, Step global_step = {}, Time walltime = {},
                  const std::string& dataformats = "NCHW");
  /// Markdown.
  void add_text(const std::string& tag, const std::string& text_string, Step global_step = {}, Time walltime = {});
  /// The model's graph, from one forward: `trace(model, input)`.
  void add_graph(const Trace& trace, Time walltime = {});
  /// A row of the table of runs: what was chosen, and what came of it. Goes into `log_dir/<run_name>`; without a name
  /// it is the time.
  void add_hparams(const HParams& hparam_dict, const Scalars& metric_dict, std::string run_name = {},
                   Step global_step = {});

  /// Returns when all is on the disk. Needed against power cuts only.
  void flush();
  /// `flush`, and nothing can be added any more. The destructor closes without waiting for the disk.
  void close();

  const std::string& log_dir() const;

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

}  // namespace torch_ext
