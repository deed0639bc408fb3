// The properties that every op must have, for whatever target and type. Each fails through gtest.
#pragma once

#include <string>

#include "tests/ops/suite/target.h"

namespace poster::test {

std::string describe(const OpCase& c, std::size_t type, const std::set<std::string>& absent);

// What the op gives in double on the CPU.
Values exact(const OpCase& c, const Setup& setup);

// Every output within `tolerance`, or its own where it has one; NaN fails.
void expect_close(const OpCase& c, std::size_t type, const Values& actual, const Values& expected,
                  double tolerance, const std::map<std::string, double>& own = {});
void expect_same_bits(const Values& actual, const Values& expected, const std::string& where);

// In double: what the reference gives, and what central differences of the op whose gradient it is give.
void expect_reference(const OpCase& c);
void expect_gradients(const OpCase& c);

// Agrees with double; and so where operands are not aligned, one at a time and all at once.
void expect_accurate(Target& target, const OpCase& c, std::size_t type);
void expect_accurate_misaligned(Target& target, const OpCase& c, std::size_t type);
// Outputs that may be inputs: the bits are the same when they are.
void expect_in_place(Target& target, const OpCase& c, std::size_t type);
// A NaN in an input comes out where another number there changes something, and nowhere else.
void expect_nan_follows(Target& target, const OpCase& c, std::size_t type);
// Integers out of range, on a device that can't refuse them: NaN in what depends on them.
void expect_nan_for_wrong_integers(Target& target, const OpCase& c, std::size_t type);
// Errors that name op and operand: null, memory shared with outputs, integers out of range (when `integers`).
void expect_refusals(Target& target, const OpCase& c, std::size_t type, bool integers);

// Cases of up to so many elements are run in every way; larger ones for accuracy, with all operands there.
constexpr index_t kSmall = 20000;
// Elements of all operands: what a case costs.
index_t elements(const OpCase& c);

}  // namespace poster::test
