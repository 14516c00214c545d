#include "each_file.h"

#include <exception>
#include <iostream>
#include <stdexcept>

#include "apps/bad_input.h"
#include "program.h"
#include "text.h"

namespace ckpt {

bool each_file(const std::vector<std::string>& files, const std::function<void(const std::string& file)>& verb) {
  if (files.size() == 1) return naming(files.front(), [&] { verb(files.front()); }), true;
  bool all_good = true;
  for (const std::string& file : files) {
    try {
      naming(file, [&] { verb(file); });
    } catch (const std::exception& error) {
      bad_input(kProgram, error.what());
      all_good = false;
    }
  }
  return all_good;
}

bool each_file_json(const std::vector<std::string>& files, std::ostream& out,
                    const std::function<nlohmann::ordered_json(const std::string& file)>& verb) {
  auto documents = nlohmann::ordered_json::array();
  const bool all_good = each_file(files, [&](const std::string& file) {
    if (files.size() == 1) return print_json(verb(file), out);
    nlohmann::ordered_json document = {{"file", file}};
    try {
      document.update(verb(file));
    } catch (const std::exception& error) {
      document["ok"] = false;
      document["error"] = error.what();
      documents.push_back(std::move(document));
      throw;
    }
    documents.push_back(std::move(document));
  });
  if (files.size() > 1) print_json(documents, out);
  return all_good;
}

}  // namespace ckpt
