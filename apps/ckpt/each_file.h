#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace ckpt {

/// Runs a verb on each file. Of a single one it prints what the verb says, and throws what it throws. Of several it
/// goes on after a bad one, of which stderr says what is wrong, in one line, and returns false then.
bool each_file(const std::vector<std::string>& files, const std::function<void(const std::string& file)>& verb);

/// The same where the verb makes JSON: of several files one array, in which each document begins with "file", and that
/// of a bad one is {"file": …, "ok": false, "error": …}.
bool each_file_json(const std::vector<std::string>& files, std::ostream& out,
                    const std::function<nlohmann::ordered_json(const std::string& file)>& verb);

}  // namespace ckpt
