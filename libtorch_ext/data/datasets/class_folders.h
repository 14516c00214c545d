#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace torch_ext {

/// A file and its class.
struct FileOfClass {
  std::string path;
  int64_t target = 0;

  bool operator==(const FileOfClass&) const = default;
};

/// Files in folders, one folder a class.
struct ClassFolders {
  std::vector<std::string> classes;  ///< the folders' names, sorted
  std::vector<FileOfClass> samples;  ///< class by class, in each sorted by folder, then by name
  std::vector<std::string> others;   ///< files of other endings, and those beside the folders: nothing reads them
};

/// Files below `root/CLASS/`, at any depth, whose names end in one of `extensions` (lower case, with the dot; upper
/// case in the names counts, too). The classes, the files and their order are those of torchvision's `DatasetFolder`:
/// links are followed, hidden folders are classes as any other. A link to a folder above itself is left out.
///
/// Throws `DataError` for a folder that can't be read, where there is no class, and unless `allow_empty` for classes
/// without files, with what they have instead.
ClassFolders find_class_folders(const std::string& root, const std::vector<std::string>& extensions, bool allow_empty);

}  // namespace torch_ext
