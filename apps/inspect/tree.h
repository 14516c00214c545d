#pragma once

#include <iosfwd>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace inspect {

/// Prints a line a module, indented by depth: its name, its class and its own parameters' shapes.
void print_tree(const torch::nn::Module& module, std::ostream& out);

}  // namespace inspect
