#pragma once

#include <string>

#include "libtorch_ext/train/report/report.h"

/// The parts of a report's page; each is empty where there is nothing to tell.
namespace torch_ext::detail {

/// The name of class `index`, escaped.
std::string class_name(const Report& report, int64_t index);

/// How much there was: "10 epochs · 10,000 test samples".
std::string facts_line(const Report& report);
std::string tiles_section(const Report& report);
std::string curves_section(const Report& report);
std::string history_section(const Report& report);
std::string classes_section(const Report& report);
std::string confusion_section(const Report& report);
std::string mistakes_section(const Report& report);

}  // namespace torch_ext::detail
