#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/train/report/classification_details.h"

namespace torch_ext {

/// An epoch of a training run. What isn't known is NaN, and left out of the report.
struct ReportEpoch {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  int64_t epoch = 0;  ///< from 1
  double lr = kUnknown;
  double train_loss = kUnknown;
  double train_accuracy = kUnknown;  ///< in [0, 1]
  double test_loss = kUnknown;
  double test_accuracy = kUnknown;  ///< in [0, 1]
  double seconds = kUnknown;
  double samples_per_second = kUnknown;
  double wait_share = kUnknown;  ///< of the time, spent waiting for data, in [0, 1]
};

/// What a report tells of a run. Every part may be empty, and is left out then. All text is shown as it is.
struct Report {
  std::string title = "Training report";
  /// The config as resolved, indented JSON.
  std::string config_json;
  /// What the run ran on, as pairs: {"device", "cuda:0"}, {"LibTorch", "2.11.0"}.
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<ReportEpoch> history;
  /// Each optimizer step's loss, from step 1.
  std::vector<double> step_losses;
  /// By class number; a class without a name is shown by its number.
  std::vector<std::string> class_names;
  /// What the model that was kept does on the test set.
  std::optional<ClassificationReport> details;
};

/// The report as one page that needs nothing else, no network: curves, confusion matrix, classes, the worst mistakes as
/// pictures, config. Light or dark as the reader's system is; readable without scripts, which add the values under the
/// pointer and sorting.
std::string to_html(const Report& report);

/// Writes `to_html(report)`; whenever the process dies, the old file or the new one is there whole. Throws `Error`
/// where it can't be written.
void write_html(const Report& report, const std::string& path);

}  // namespace torch_ext
