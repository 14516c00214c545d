#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libtorch_ext/formats/value.h"

/// The arguments that protocol 0 writes as text. All throw `std::invalid_argument`.
namespace torch_ext::formats {

/// INT's and LONG's argument: "12", "-3L", and "01" and "00" for True and False.
Value parse_int(std::string_view line);

/// GET's and PUT's argument: a number that is not negative.
uint64_t parse_index(std::string_view line);

/// FLOAT's argument: "0.5", "1e-05", "inf", "nan".
double parse_float(std::string_view line);

/// STRING's argument, a Python literal of bytes: 'it\'s\x00'.
std::string parse_quoted(std::string_view line);

/// UNICODE's argument: Latin-1 with \u20ac and \U0001f600; returned as UTF-8.
std::string parse_raw_unicode(std::string_view line);

/// The bytes whose Latin-1 text is `utf8`: how protocol 2 writes Python's `bytes`.
std::string latin1_from_utf8(std::string_view utf8);
std::string utf8_from_latin1(std::string_view latin1);

/// Python 2's `str` may be either: text where it is UTF-8, bytes otherwise.
Value text_or_bytes(std::string_view bytes);

/// A two's complement number in little-endian order; a `BigInt` beyond 64 bits.
Value integer_from_bytes(std::string_view little_endian);

}  // namespace torch_ext::formats
