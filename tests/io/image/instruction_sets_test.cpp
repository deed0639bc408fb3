// What is done to pixels gives the same bits with and without AVX2. A process chooses its instruction set once, so this
// program runs itself again for each.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "io/codec/image_reader.h"
#include "io/format/checksum.h"
#include "io/image/colour.h"
#include "io/image/resize.h"
#include "io/prepare/similarity.h"
#include "kernels/cpu/avx2_loop.h"

namespace poster::io {
namespace {

Image noise(int width, int height) {
  Image image(width, height);
  std::uint32_t state = 1;
  for (std::uint8_t& value : image.rgb)
    value = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return image;
}

template <typename Bytes>
void say(const char* what, const Bytes& bytes) {
  std::printf("digest %s %016llx\n", what,
              static_cast<unsigned long long>(xxh64(bytes.data(), bytes.size())));
}

// Every function with a loop of its own for AVX2, on sizes with and without a remainder.
TEST(InstructionSets, DISABLED_Digests) {
  std::printf("set %s\n", kernels::isa_name(kernels::cpu_isa()));
  for (const auto& [width, height] : {std::pair{333, 217}, {256, 256}, {64, 64}, {7, 5}, {1, 1}}) {
    const Image image = noise(width, height);
    for (const int side : {1, 31, 64, 250}) say("resize", resize(image, side, side + 2).rgb);
    for (const float factor : {0.0f, 0.37f, 1.9f}) {
      Image changed = image;
      adjust_saturation(changed, factor);
      say("saturation", changed.rgb);
    }
    std::printf("digest luma %d\n", mean_luma(image));
    say("channels", encode_image(image, "x.png"));
    say("fingerprint", prepare::fingerprint_text(prepare::fingerprint(image)));
  }
}

struct Said {
  std::string set, digests;
  int count = 0;
};

Said digests_with(const std::string& isa) {
  const std::string command =
      "POSTER_ISA=" + isa + " '" + std::filesystem::read_symlink("/proc/self/exe").string() +
      "' --gtest_also_run_disabled_tests --gtest_filter=InstructionSets.DISABLED_Digests";
  FILE* const pipe = popen(command.c_str(), "r");
  Said said;
  std::array<char, 256> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe)) {
    const std::string line = buffer.data();
    if (line.starts_with("set ")) said.set = line.substr(4, line.size() - 5);
    if (!line.starts_with("digest ")) continue;
    said.digests += line;
    ++said.count;
  }
  EXPECT_EQ(pclose(pipe), 0);
  return said;
}

TEST(InstructionSets, PixelsAreTheSameWithAndWithoutAvx2) {
  if (!kernels::use_avx2()) GTEST_SKIP() << "no AVX2 here, or POSTER_ISA forbids it";
  const Said baseline = digests_with("baseline"), avx2 = digests_with("avx2");
  EXPECT_EQ(baseline.set, "baseline");
  EXPECT_EQ(avx2.set, "avx2");
  EXPECT_EQ(baseline.count, 50);
  EXPECT_EQ(baseline.digests, avx2.digests);
}

}  // namespace
}  // namespace poster::io
