#include "libtorch_ext/data/datasets/class_folders.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "libtorch_ext/data/error.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

struct Folder {
  std::vector<std::string> folders;
  std::vector<std::string> files;
};

// Names, sorted.
Folder list_folder(const std::string& path) {
  Folder found;
  std::error_code error;
  for (auto entry = fs::directory_iterator(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code broken_link;
    (entry->is_directory(broken_link) ? found.folders : found.files).push_back(entry->path().filename().string());
  }
  if (error) throw DataError(path, "can't be read as a folder: " + error.message());
  std::ranges::sort(found.folders);
  std::ranges::sort(found.files);
  return found;
}

std::string join(const std::string& folder, const std::string& name) { return (fs::path(folder) / name).string(); }

bool has_extension(std::string name, const std::vector<std::string>& extensions) {
  std::ranges::transform(name, name.begin(),
                         [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::any_of(extensions, [&](const std::string& extension) { return name.ends_with(extension); });
}

using FilesOfFolder = std::map<std::string, std::vector<std::string>>;

// The files of each folder at and below `path`; `above`: the folders that lead there, without links.
void walk(const std::string& path, std::vector<fs::path>& above, FilesOfFolder& files_of_folder) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) throw DataError(path, "can't be read as a folder: " + error.message());
  if (std::ranges::find(above, real) != above.end()) return;
  above.push_back(real);
  Folder here = list_folder(path);
  files_of_folder[path] = std::move(here.files);
  for (const auto& name : here.folders) walk(join(path, name), above, files_of_folder);
  above.pop_back();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

ClassFolders find_class_folders(const std::string& root, const std::vector<std::string>& extensions, bool allow_empty) {
  Folder top = list_folder(root);
  if (top.folders.empty()) throw DataError(root, "found no folder in it, expected one for each class");
  ClassFolders found{.classes = std::move(top.folders)};
  for (const auto& file : top.files) found.others.push_back(join(root, file));
  std::vector<std::string> empty;
  std::string instead;
  for (size_t target = 0; target < found.classes.size(); ++target) {
    const size_t samples = found.samples.size();
    const size_t others = found.others.size();
    std::vector<fs::path> above;
    FilesOfFolder files_of_folder;
    walk(join(root, found.classes[target]), above, files_of_folder);
    for (const auto& [folder, files] : files_of_folder) {
      for (const auto& file : files) {
        if (has_extension(file, extensions)) {
          found.samples.push_back({join(folder, file), static_cast<int64_t>(target)});
        } else {
          found.others.push_back(join(folder, file));
        }
      }
    }
    if (found.samples.size() > samples) continue;
    empty.push_back(found.classes[target]);
    if (instead.empty() && found.others.size() > others) instead = found.others[others];
  }
  if (!empty.empty() && !allow_empty) {
    throw DataError(root, "found no file for the classes " + joined(empty) + ", expected names that end in " +
                              joined(extensions) + " (or allow_empty)" +
                              (instead.empty() ? "" : "; there are others, such as " + instead));
  }
  return found;
}

}  // namespace torch_ext
