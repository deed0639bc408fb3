// Numbers on command lines. The parser's library takes more for a number than people mean: "nan", "inf",
// "1e999" (which becomes inf), "010" (which becomes 8), "-1" for a number from 0 (which becomes the largest
// there is).
#pragma once

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace poster {

// Makes every option of the app and of its subcommands that takes a number refuse what isn't a finite decimal
// number that its type can hold. To be called when all are added. An option's type name says what it takes:
// INT, UINT and FLOAT, as the library names them, or these: N, COUNT, S (a seed), PX, T (threads), BITS for
// whole numbers; F and SHARE for others.
void check_numbers(CLI::App& app);
// Of an option whose numbers begin at 0.
CLI::Validator zero_or_more();

}  // namespace poster
