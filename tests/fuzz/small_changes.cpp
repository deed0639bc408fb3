// Half of the changes that the fuzzer makes are one number a little larger or smaller, in place: what finds a
// bound that is off by one. libFuzzer's own changes, several at a time, break most files of these formats
// early.
#include <cstddef>
#include <cstdint>
#include <random>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t largest);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t largest,
                                               unsigned seed) {
  std::minstd_rand random(seed);
  const auto below = [&](std::size_t n) { return random() / 16 % n; };
  if (size == 0 || below(2) == 0) return LLVMFuzzerMutate(data, size, largest);
  std::uint8_t& byte = data[below(size)];
  constexpr std::uint8_t kSpecial[] = {0, 1, 0x7F, 0x80, 0xFF, '(', ')', 't'};
  if (below(4) == 0)
    byte = kSpecial[below(sizeof kSpecial)];
  else
    byte = static_cast<std::uint8_t>(byte + (below(2) == 0 ? 1 + below(8) : 256 - 1 - below(8)));
  return size;
}
