// Near-duplicates: the same image again, resized, compressed anew or slightly brightened.
//
// An image's fingerprint is a 64-bit difference hash (whether brightness rises from each of 9x8 cells to the
// next on its right: Krawetz, "Kind of Like That", 2013) and a 12x12 grey miniature. Two images are
// near-duplicates when few bits differ and the miniatures, brought to one mean and contrast, agree: the hash
// alone takes aligned faces of different people for equal. Of 180 photographs of faces, copies at half the
// size, at 48x48, at JPEG quality 50 and brightened differ in at most 7 bits, 95 % of them in 3; no two
// different ones agree in their miniatures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "io/image/image.h"

namespace poster::prepare {

inline constexpr std::size_t kMiniatureSide = 12;
inline constexpr int kMaxHashBits = 12;               // the largest distance that can be asked for
inline constexpr double kMiniatureDifference = 0.08;  // mean absolute difference, in standard deviations

struct Fingerprint {
  std::uint64_t hash = 0;
  std::array<std::uint8_t, kMiniatureSide * kMiniatureSide> miniature{};

  bool operator==(const Fingerprint&) const = default;
};

Fingerprint fingerprint(const io::Image& image);

// In hexadecimal digits, and back; false when the text isn't one.
std::string fingerprint_text(const Fingerprint& fingerprint);
bool parse_fingerprint(const std::string& text, Fingerprint& fingerprint);

bool near_duplicates(const Fingerprint& a, const Fingerprint& b, int hash_bits);

// Calls `found(i, j)` for pairs of near-duplicates, i < j, in an order that depends on the prints alone: for
// every pair, but of equal fingerprints only for each with the first of them. Numbers that agree in one of
// hash_bits + 1 bands are compared, so that it stays far from comparing all with all.
void find_near_duplicates(std::span<const Fingerprint> prints, int hash_bits,
                          const std::function<void(std::size_t, std::size_t)>& found);

}  // namespace poster::prepare
