// The parts of a report, in the order in which they stand. Each adds itself to the document.
#pragma once

#include <string>
#include <vector>

#include "apps/report/document.h"
#include "apps/report/report.h"
#include "apps/report/run_record.h"

namespace poster {

// The runs side by side, and what isn't as it should be: a run that stopped, an evaluation that is missing.
void add_overview(Document& document, const std::vector<RunRecord>& runs);
// Accuracy and loss over the epochs.
void add_curves(Document& document, const std::vector<RunRecord>& runs);
// Confusion matrices, scores of each class, the most confused pairs, mixed-up classes; the worst mistakes.
void add_evaluations(Document& document, const std::vector<RunRecord>& runs, const ReportOptions& options);
// Those that differ between the runs, or from the recipe, first.
void add_settings(Document& document, const std::vector<RunRecord>& runs);
// Versions, device, data.
void add_environment(Document& document, const std::vector<RunRecord>& runs);
// The command lines.
void add_commands(Document& document, const std::vector<RunRecord>& runs);

// "best, test (epoch 7)".
std::string title_of(const EvaluationRecord& evaluation);

}  // namespace poster
