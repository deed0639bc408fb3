#include "io/prepare/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "engine/error.h"
#include "engine/random.h"
#include "io/codec/image_reader.h"
#include "io/prepare/groups.h"
#include "tests/support/error_text.h"
#include "tests/support/made_images.h"

namespace poster::prepare {
namespace {

Fingerprint random_print(RandomStream& random) {
  Fingerprint print;
  print.hash = std::uint64_t{random.bits()} << 32 | random.bits();
  for (std::uint8_t& value : print.miniature) value = static_cast<std::uint8_t>(random.below(256));
  return print;
}

std::vector<SplitInput> made_inputs(std::size_t count, std::size_t classes, std::size_t persons) {
  RandomStream random(1, RandomPurpose::test);
  std::vector<SplitInput> inputs(count);
  for (std::size_t i = 0; i < count; ++i) {
    inputs[i].class_index = i % classes;
    inputs[i].content = 1000 + i;
    inputs[i].print = random_print(random);
    inputs[i].source = "s" + std::to_string(i);
    if (persons > 0) inputs[i].person = "p" + std::to_string(random.below(persons));
  }
  return inputs;
}

std::array<std::size_t, kSplits> counts_of(const SplitResult& result) {
  std::array<std::size_t, kSplits> counts{};
  for (const auto& split : result.splits)
    if (split) ++counts[static_cast<std::size_t>(*split)];
  return counts;
}

TEST(Split, RatiosHoldInEveryClass) {
  const auto inputs = made_inputs(1000, 4, 0);
  const SplitResult result = assign_splits(inputs, 4, {});
  EXPECT_EQ(counts_of(result), (std::array<std::size_t, 3>{800, 100, 100}));
  std::map<std::size_t, std::array<int, 3>> by_class;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    ++by_class[inputs[i].class_index][static_cast<std::size_t>(*result.splits[i])];
  for (const auto& [c, counts] : by_class) EXPECT_EQ(counts, (std::array<int, 3>{200, 25, 25})) << c;
}

TEST(Split, SeedsDifferAndOrderDoesnt) {
  auto inputs = made_inputs(500, 3, 0);
  const SplitResult first = assign_splits(inputs, 3, {});
  SplitOptions other;
  other.seed = 2;
  EXPECT_NE(assign_splits(inputs, 3, other).splits, first.splits);
  EXPECT_EQ(assign_splits(inputs, 3, {}).splits, first.splits);
  std::ranges::reverse(inputs);
  SplitResult reversed = assign_splits(inputs, 3, {});
  std::ranges::reverse(reversed.splits);
  EXPECT_EQ(reversed.splits, first.splits);
}

TEST(Split, PersonsStayTogether) {
  for (const std::size_t persons : {3u, 10u, 60u}) {
    const auto inputs = made_inputs(900, 7, persons);
    const SplitResult result = assign_splits(inputs, 7, {});
    std::map<std::string, std::set<Split>> splits;
    for (std::size_t i = 0; i < inputs.size(); ++i) splits[inputs[i].person].insert(*result.splits[i]);
    for (const auto& [person, in] : splits) EXPECT_EQ(in.size(), 1u) << person;
    const auto counts = counts_of(result);
    for (const std::size_t count : counts) EXPECT_GT(count, 0u) << persons;
    if (persons == 60) {
      EXPECT_NEAR(static_cast<double>(counts[0]), 720, 40);
      EXPECT_NEAR(static_cast<double>(counts[1]), 90, 30);
    }
  }
}

TEST(Split, NearDuplicatesAndEqualFilesStayTogether) {
  auto inputs = made_inputs(600, 2, 0);
  // A chain: each is near the one before.
  for (std::size_t i = 1; i < 40; ++i) {
    inputs[i].print = inputs[i - 1].print;
    inputs[i].print.hash ^= std::uint64_t{7} << i;
  }
  inputs[300].content = inputs[301].content;
  const SplitResult result = assign_splits(inputs, 2, {});
  for (std::size_t i = 1; i < 40; ++i) EXPECT_EQ(result.splits[i], result.splits[0]) << i;
  EXPECT_EQ(result.splits[300], result.splits[301]);
  EXPECT_EQ(result.equal_files, 1u);
  EXPECT_GE(result.near_pairs, 39u);
  EXPECT_EQ(result.contradictions, std::vector<std::string>{"s301"});
  SplitOptions off;
  off.similar_bits = -1;
  const SplitResult apart = assign_splits(inputs, 2, off);
  std::set<std::optional<Split>> splits(apart.splits.begin(), apart.splits.begin() + 40);
  EXPECT_GT(splits.size(), 1u);
  EXPECT_EQ(apart.near_pairs, 0u);
}

TEST(Split, TheSetsOwnIsKeptAndItsTestSetStaysWhole) {
  auto inputs = made_inputs(300, 3, 0);
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i].given = i < 200 ? Split::train : Split::test;
  inputs[5].print = inputs[250].print;      // near-duplicates on both sides
  inputs[6].content = inputs[251].content;  // equal files on both sides
  inputs[8].print = inputs[9].print;        // both in train
  const SplitResult result = assign_splits(inputs, 3, {});
  const auto counts = counts_of(result);
  EXPECT_EQ(counts[2], 100u);
  EXPECT_EQ(counts[0] + counts[1], 198u);
  EXPECT_NEAR(static_cast<double>(counts[1]), 22, 1);
  EXPECT_FALSE(result.splits[5]);
  EXPECT_EQ(result.duplicate_of[5], "s250");
  EXPECT_FALSE(result.splits[6]);
  EXPECT_EQ(result.duplicate_of[6], "s251");
  EXPECT_EQ(result.splits[8], result.splits[9]);
  for (std::size_t i = 200; i < 300; ++i) EXPECT_EQ(result.splits[i], Split::test) << i;
  // With a valid of its own nothing is moved.
  inputs[0].given = Split::valid;
  const SplitResult own = assign_splits(inputs, 3, {});
  EXPECT_EQ(counts_of(own), (std::array<std::size_t, 3>{197, 1, 100}));
  SplitOptions anew;
  anew.keep_given = false;
  EXPECT_EQ(counts_of(assign_splits(inputs, 3, anew))[0], 240u);
}

TEST(Split, ImagesWithoutASplitGoWithTheirPerson) {
  auto inputs = made_inputs(20, 2, 0);
  for (SplitInput& input : inputs) input.given = Split::valid;
  inputs[0].given = inputs[1].given = inputs[2].given = std::nullopt;
  inputs[0].person = inputs[10].person = "x";
  inputs[10].given = Split::test;
  inputs[1].print = inputs[11].print;
  const SplitResult result = assign_splits(inputs, 2, {});
  EXPECT_EQ(result.splits[0], Split::test);
  EXPECT_EQ(result.splits[1], Split::valid);
  EXPECT_EQ(result.splits[2], Split::train);
}

TEST(Split, OnePersonOnBothSidesIsRefused) {
  auto inputs = made_inputs(100, 2, 0);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].given = i < 50 ? Split::train : Split::test;
    inputs[i].person = "p" + std::to_string(i / 10);
  }
  SplitOptions options;
  EXPECT_EQ(test::error_of([&] { check_person_overlap(inputs, options); }), "");
  inputs[77].person = "p3";
  const std::string error = test::error_of([&] { check_person_overlap(inputs, options); });
  for (const char* part :
       {"person 'p3'", "in train (s30)", "in test (s77)", "--split new", "--allow-person-overlap"})
    test::expect_contains(error, part);
  options.allow_person_overlap = true;
  EXPECT_EQ(test::error_of([&] { check_person_overlap(inputs, options); }), "");
  const SplitResult result = assign_splits(inputs, 2, options);
  EXPECT_EQ(result.splits[77], Split::test);
  std::map<std::string, std::set<Split>> splits;  // valid is still taken by person
  for (std::size_t i = 0; i < 50; ++i) splits[inputs[i].person].insert(*result.splits[i]);
  for (const auto& [person, in] : splits) EXPECT_EQ(in.size(), 1u) << person;
  options = {};
  options.keep_given = false;
  EXPECT_EQ(test::error_of([&] { check_person_overlap(inputs, options); }), "");
  EXPECT_EQ(assign_splits(inputs, 2, options).splits[77], assign_splits(inputs, 2, options).splits[30]);
}

TEST(Split, Ratios) {
  EXPECT_EQ(parse_ratios("0.7, 0.2,0.1"), (std::array<double, 3>{0.7, 0.2, 0.1}));
  for (const char* text : {"0.8,0.1", "0.8,0.1,0.2", "0,0.5,0.5", "1.2,-0.1,-0.1", "a,b,c", "",
                           "0.8,0.1,0.05,0.05", "nan,0.5,0.5"})
    test::expect_contains(test::error_of([&] { parse_ratios(text); }), "--ratios: '");
  SplitOptions options;
  options.ratios = {1, 0, 0};
  EXPECT_EQ(counts_of(assign_splits(made_inputs(50, 2, 0), 2, options)),
            (std::array<std::size_t, 3>{50, 0, 0}));
}

TEST(Similarity, FindsWhatComparingAllWithAllFinds) {
  RandomStream random(3, RandomPurpose::test);
  std::vector<Fingerprint> prints;
  for (int i = 0; i < 1500; ++i) {
    Fingerprint print = random_print(random);
    if (i > 10 && random.below(3) == 0) {
      print = prints[random.below(prints.size())];
      for (std::uint64_t bits = random.below(15); bits > 0; --bits)
        print.hash ^= std::uint64_t{1} << random.below(64);
      for (std::uint8_t& value : print.miniature)
        value = static_cast<std::uint8_t>(
            std::clamp<int>(value + static_cast<int>(random.below(12)) - 6, 0, 255));
    }
    prints.push_back(print);
  }
  for (const int bits : {0, 1, 6, 12}) {
    Groups expected(prints.size()), found(prints.size());
    std::size_t pairs = 0, wanted = 0;
    for (std::size_t i = 0; i < prints.size(); ++i)
      for (std::size_t j = i + 1; j < prints.size(); ++j)
        if (near_duplicates(prints[i], prints[j], bits)) {
          expected.join(i, j);
          ++wanted;
        }
    find_near_duplicates(prints, bits, [&](std::size_t i, std::size_t j) {
      EXPECT_TRUE(near_duplicates(prints[i], prints[j], bits));
      EXPECT_NE(i, j);
      found.join(i, j);
      ++pairs;
    });
    for (std::size_t i = 0; i < prints.size(); ++i)
      ASSERT_EQ(found.of(i), expected.of(i)) << bits << " " << i;
    EXPECT_GT(wanted, 0u);
    EXPECT_LE(pairs, wanted);
  }
}

TEST(Similarity, ManyImagesAndManyEqualOnes) {
  RandomStream random(4, RandomPurpose::test);
  std::vector<Fingerprint> prints;
  for (int i = 0; i < 60000; ++i) prints.push_back(random_print(random));
  prints.insert(prints.end(), 60000, prints[7]);  // comparing these with each other would take minutes
  std::size_t pairs = 0;
  find_near_duplicates(prints, 6, [&](std::size_t, std::size_t) { ++pairs; });
  EXPECT_EQ(pairs, 60000u);
}

TEST(Similarity, CopiesAreNearAndOthersArent) {
  std::vector<Fingerprint> prints;
  for (std::uint64_t number = 0; number < 60; ++number) {
    const io::Image original = test::made_image(number, 200, 180);
    const Fingerprint print = fingerprint(original);
    std::vector<io::Image> copies = {io::resize(original, 100, 90), io::resize(original, 331, 298),
                                     io::decode_image(io::encode_image(original, "x.jpg"), "x.jpg")};
    io::Image brighter = original;
    for (std::uint8_t& value : brighter.rgb)
      value = static_cast<std::uint8_t>(std::min(255, value * 96 / 100 + 10));
    copies.push_back(brighter);
    for (std::size_t c = 0; c < copies.size(); ++c)
      EXPECT_TRUE(near_duplicates(print, fingerprint(copies[c]), SplitOptions().similar_bits))
          << number << " copy " << c << ": " << std::popcount(print.hash ^ fingerprint(copies[c]).hash);
    for (const Fingerprint& other : prints)
      EXPECT_FALSE(near_duplicates(print, other, SplitOptions().similar_bits)) << number;
    prints.push_back(print);
    Fingerprint back;
    ASSERT_TRUE(parse_fingerprint(fingerprint_text(print), back));
    EXPECT_EQ(back, print);
  }
  Fingerprint any;
  EXPECT_FALSE(parse_fingerprint("", any));
  EXPECT_FALSE(parse_fingerprint(std::string(304, 'g'), any));
}

}  // namespace
}  // namespace poster::prepare
