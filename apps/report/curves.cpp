#include "io/plot/curves.h"
#include "apps/report/sections.h"
#include "io/plot/comparison.h"

namespace poster {

void add_curves(Document& document, const std::vector<RunRecord>& runs) {
  document.add(Heading{2, "Curves"});
  if (runs.size() == 1) {
    const RunRecord& run = runs[0];
    if (run.epochs.empty()) return document.add(Paragraph{"There are none: no epoch has ended yet."});
    document.add(Figure{"curves",
                        io::curves_plot(run.settings.model + ", " + run.settings.recipe.name, run.epochs),
                        "Accuracy and loss of " + run.name + " over the epochs, on train and valid"});
    return;
  }
  std::vector<io::RunCurves> curves;
  curves.reserve(runs.size());
  for (const RunRecord& run : runs) curves.push_back({run.name, run.epochs});
  document.add(Figure{"curves", io::comparison_plot("Runs compared", curves),
                      "Accuracy and loss on valid over the epochs, of each run"});
}

}  // namespace poster
