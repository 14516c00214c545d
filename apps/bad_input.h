#pragma once

#include <algorithm>
#include <iostream>
#include <string>

/// Says on stderr, in one line, why a program can't do what it was asked to; returns its exit code.
inline int bad_input(const char* program, std::string message) {
  constexpr int kBadInput = 2;
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cout.flush();
  std::cerr << program + (": " + message) + "\n";  // in one write: lines of several processes stay whole
  return kBadInput;
}
