#pragma once

#include <string>

/// The folder that a run writes: its checkpoints (see `libtorch_ext/checkpoint/folder.h`), `metrics.csv`, `steps.csv`,
/// `config.json`, `report.html`.
struct RunFolder {
  std::string path;

  std::string file(const std::string& name) const { return path + "/" + name; }
  /// Whether `checkpoint` is this folder's `last.pt`, by whatever name.
  bool is_last(const std::string& checkpoint) const;

  /// Moves an earlier run's files to a subfolder "earlier-N", which is returned; empty without one. Nothing is
  /// overwritten or deleted.
  std::string begin_anew() const;

  /// Removes the half-written temporaries that a killed run left behind, but for the checkpoints'.
  void remove_leftovers() const;
};
