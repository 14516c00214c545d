#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace ckpt {

/// What is wrong with the first argument, where a verb is expected; nothing where it is one, or an option that is
/// known.
std::optional<std::string> wrong_verb(const CLI::App& app, int argc, const char* const* argv);

/// What is wrong with an argument that `app`, which has parsed the others, or the verb that was given doesn't know.
std::string unexpected_argument(const CLI::App& app);

}  // namespace ckpt
