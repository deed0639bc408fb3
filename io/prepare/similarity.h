// Near-duplicates: the same picture again, resized, compressed anew or slightly brightened.
//
// A picture's fingerprint is a 64-bit perceptual hash (signs of the 64 lowest frequencies of a 32x32 discrete
// cosine transform against their median, as in pHash: Zauner, "Implementation and Benchmarking of Perceptual
// Image Hash Functions", 2010) and a 12x12 grey miniature. Two pictures are near-duplicates when few bits
// differ and the miniatures, freed of their mean, agree: the hash alone takes aligned faces of different
// people for equal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "io/image.h"

namespace poster::prepare {

inline constexpr int kMiniatureSide = 12;
inline constexpr int kMostHashBits = 12;           // the largest distance that can be asked for
inline constexpr double kMiniatureDifference = 3;  // mean absolute difference, in grey levels

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
