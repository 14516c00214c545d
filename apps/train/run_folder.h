#pragma once

#include <string>

/// The folder that a run writes: `last.pt`, `best.pt`, `metrics.csv`, `steps.csv`, `config.json`.
struct RunFolder {
  std::string path;

  std::string file(const std::string& name) const { return path + "/" + name; }
  /// Whether `checkpoint` is this folder's `last.pt`, by whatever name.
  bool is_last(const std::string& checkpoint) const;

  /// Makes the folder where there is none. An earlier run's files in it go to a subfolder "earlier-N", which is
  /// returned; empty without one. Nothing is overwritten or deleted.
  std::string begin_anew() const;

  /// Removes the half-written temporaries that a killed run left behind.
  void remove_leftovers() const;
};
