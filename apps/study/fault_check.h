// Faults that would end a study in the middle, found before it begins.
#pragma once

#include <vector>

#include "apps/study/places.h"
#include "apps/study/plan.h"
#include "apps/train/new_run_check.h"

namespace poster::study {

// Whether all data and files that the experiment names lie where the study says, or will be drawn.
bool lacks_nothing(const PlannedExperiment& planned, const Places& places);

// Of the experiments that are chosen, checks every trial and every seed's run that has yet to begin: that its
// places are there, that its data hold what a run needs, that its weights fit. Data that are still to be
// drawn are left out. Throws Error that names the experiment (and the trial), the option and how to mend it.
void check_new_runs(const Study& study, const Places& places, const Machine& machine,
                    const std::vector<PlannedExperiment>& plan, NewRunCheck& check);

}  // namespace poster::study
