#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libtorch_ext/formats/value.h"

/// Whole models: what `torch.save(model)` pickles, seen as the tree of modules that it was in Python.
namespace torch_ext::formats {

/// Whether `value` is a pickled `torch.nn.Module` of any class: of torch.nn, of the user, an fx.GraphModule, or what
/// torch.compile made of one, whose only child is `_orig_mod`.
bool is_module(const Value& value);

/// The model in what a file holds: `root` itself, or what a dictionary has under "model" or "state_dict"; null where
/// that is no module.
const Value* find_module(const Value& root);

/// One pickled `torch.nn.Module`. A view: what it was made from must outlive it.
///
/// The names are Python's; what stands under them is not checked yet. A parameter, buffer or child may be `None`.
class PythonModule {
 public:
  struct Part {
    std::string_view name;
    const Value* value;
  };

  /// Throws `std::invalid_argument` where `value` is no module, or where one of its parts has no name.
  explicit PythonModule(const Value& value);

  /// The class, as the pickle names it: {"torch.nn.modules.conv", "Conv2d"}.
  const Global& type() const { return *type_; }
  /// Python's `type(module).__name__`: "Conv2d".
  std::string_view class_name() const { return class_name_; }
  /// Whether the class is PyTorch's own of this name, as `is("Conv2d")`, not a namesake of the user's.
  bool is(std::string_view torch_nn_class) const;

  /// Python's `_parameters`, `_buffers` and `_modules`, in their order.
  const std::vector<Part>& parameters() const { return parameters_; }
  const std::vector<Part>& buffers() const { return buffers_; }
  const std::vector<Part>& children() const { return children_; }
  /// Those buffers that `state_dict` has: all but the non-persistent ones.
  std::vector<Part> persistent_buffers() const;

  /// Any other attribute: `training`, `kernel_size`; null where the file has none of this name.
  const Value* attribute(std::string_view name) const { return attributes_->find(name); }
  /// All of them, with those above and Python's own.
  const Dict& attributes() const { return *attributes_; }

 private:
  const Global* type_;
  std::string_view class_name_;
  const Dict* attributes_;
  std::vector<Part> parameters_;
  std::vector<Part> buffers_;
  std::vector<Part> children_;
};

/// What Python's `module.state_dict()` would return: an ordered dict of tensors, parameters first, then persistent
/// buffers, then each child's. A tied weight stands under each of its names. Without Python's `_metadata`, and without
/// what classes of the user's add in methods of their own.
///
/// `file` is named in errors. Throws `FormatError` where `value` is no module, modules contain themselves, or shared
/// ones multiply to more than 32 MiB of names; and where tensors would be lost, which modules of classes with a way of
/// their own hold (quantized ones).
Dict module_state_dict(const Value& value, const std::string& file);

}  // namespace torch_ext::formats
