#include "libtorch_ext/formats/pytorch/module_repr.h"

#include <algorithm>
#include <stdexcept>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pytorch/module_walk.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext::formats {
namespace {

class Printer {
 public:
  std::string run(const Value& root) {
    module(root);
    return std::move(out_);
  }

 private:
  /// Appends a module's text, its lines below the first indented as deep as the printer stands.
  void module(const Value& value);
  void children(const PythonModule& module);
  void folded_children(const PythonModule& module);

  void child(const Value& value) {
    if (walk_.is_module(value))
      module(value);
    else
      write(repr(value, 80));
  }

  void write(std::string_view text) {
    walk_.charge(text.size());
    out_ += text;
  }

  void new_line() {
    walk_.charge(indent_ + 1);
    out_ += '\n';
    out_.append(indent_, ' ');
  }

  ModuleWalk walk_;
  std::string out_;
  size_t indent_ = 0;
};

void Printer::module(const Value& value) {
  const ModuleWalk::Level level(walk_);
  const PythonModule module(value);
  walk_.charge(ModuleWalk::kLook * (module.attributes().items.size() + module.parameters().size()));
  write(module.class_name());
  write("(");
  const std::string extra = module_extra_repr(module);
  const bool is_one_line = module.children().empty() && extra.find('\n') == extra.npos;
  if (is_one_line) {
    write(extra);
  } else {
    indent_ += 2;
    for (size_t begin = 0; begin < extra.size();) {
      const size_t end = std::min(extra.find('\n', begin), extra.size());
      new_line();
      write(std::string_view(extra).substr(begin, end - begin));
      begin = end + 1;
    }
    module.is("ModuleList") ? folded_children(module) : children(module);
    indent_ -= 2;
    new_line();
  }
  write(")");
}

void Printer::children(const PythonModule& module) {
  for (const auto& [name, value] : module.children()) {
    new_line();
    write("(");
    write(name);
    write("): ");
    child(*value);
  }
}

/// Equal neighbours are shown as one: `(0-5): 6 x Linear(…)`.
void Printer::folded_children(const PythonModule& module) {
  const auto& children = module.children();
  std::vector<std::string> texts;
  for (const auto& part : children) {
    const size_t begin = out_.size();
    child(*part.value);
    texts.push_back(out_.substr(begin));
    out_.resize(begin);
  }
  for (size_t first = 0, end = 0; first < texts.size(); first = end) {
    while (end < texts.size() && texts[end] == texts[first]) ++end;
    const size_t count = end - first;
    new_line();
    write("(" + std::to_string(first) + (count > 1 ? "-" + std::to_string(end - 1) : "") + "): ");
    if (count > 1) write(std::to_string(count) + " x ");
    write(texts[first]);
  }
}

}  // namespace

std::string module_repr(const Value& value, const std::string& file) {
  try {
    return Printer().run(value);
  } catch (const std::invalid_argument& error) {
    throw FormatError(file, error.what());
  }
}

}  // namespace torch_ext::formats
