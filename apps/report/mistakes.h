// The images that a network was most wrong about.
#pragma once

#include "apps/report/document.h"
#include "apps/report/report.h"
#include "apps/report/run_record.h"

namespace poster {

// Positions in predictions.images of the wrong ones: those with the highest probability for what they are
// not come first, of equals by their order. At most `most`.
std::vector<std::size_t> worst_mistakes(const io::Predictions& predictions, int most);

// `number`: of the run, from 0.
void add_mistakes(Document& document, const RunRecord& run, std::size_t number,
                  const EvaluationRecord& evaluation, const ReportOptions& options);

}  // namespace poster
