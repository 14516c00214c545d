#pragma once

#include <cstddef>
#include <cstdint>

/// The numbers of the zip format that reader and writer share. Source: PKWARE, APPNOTE.TXT 6.3, sections 4.3–4.5.
namespace torch_ext::formats::zip {

inline constexpr uint32_t kLocalHeader = 0x04034b50;
inline constexpr uint32_t kDataDescriptor = 0x08074b50;
inline constexpr uint32_t kDirectoryEntry = 0x02014b50;
inline constexpr uint32_t kEnd64 = 0x06064b50;
inline constexpr uint32_t kEnd64Locator = 0x07064b50;
inline constexpr uint32_t kEnd = 0x06054b50;

inline constexpr size_t kLocalHeaderSize = 30;
inline constexpr size_t kDirectoryEntrySize = 46;
inline constexpr size_t kEnd64Size = 56;
inline constexpr size_t kEnd64LocatorSize = 20;
inline constexpr size_t kEndSize = 22;

inline constexpr uint16_t kStored = 0;
inline constexpr uint16_t kDeflated = 8;

inline constexpr uint16_t kEncryptedFlag = 1 << 0;
inline constexpr uint16_t kPatchFlag = 1 << 5;  ///< a difference to another file
inline constexpr uint16_t kStronglyEncryptedFlag = 1 << 6;
inline constexpr uint16_t kMaskedFlag = 1 << 13;         ///< the directory is encrypted
inline constexpr uint16_t kDataDescriptorFlag = 1 << 3;  ///< CRC-32 and sizes follow the payload
inline constexpr uint16_t kUtf8Flag = 1 << 11;

/// A 16- or 32-bit field with this value stands for a 64-bit one elsewhere.
inline constexpr uint16_t kSee64Bit16 = 0xffff;
inline constexpr uint32_t kSee64Bit = 0xffffffff;
inline constexpr uint16_t kExtra64 = 1;  ///< the extra field that holds them

}  // namespace torch_ext::formats::zip
