// Timing of several ways to do one thing, side by side: on a shared machine only pairs from the same moment
// can be compared. Every round runs each contender once, after a pause in which the threads of the one before
// go to sleep; the result of each is its median.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "kernels/environment.h"

namespace poster::bench {

struct Contender {
  std::string name;
  std::function<void()> run;
};

inline int bench_threads() {
  const char* threads = environment(Variable::bench_threads);
  return threads ? std::atoi(threads) : 0;
}

inline double now() {
  timespec t;
  clock_gettime(bench_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// The first `own` contenders are ours. Reports GFLOP/s of each and, as "ratio", the best of ours over the
// best of the others (the median of the rounds' ratios).
inline void run_paired(benchmark::State& state, double flops, const std::vector<Contender>& contenders,
                       std::size_t own = 1) {
  std::vector<std::vector<double>> seconds(contenders.size());
  std::vector<double> ratios;
  for (const auto& contender : contenders) contender.run();
  for (auto _ : state) {
    double ours = 1e30, best_peer = 1e30;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
      contenders[i].run();  // wakes the threads and brings caches to the same state for everyone
      const double start = now();
      contenders[i].run();
      const double time = now() - start;
      seconds[i].push_back(time);
      double& best = i < own ? ours : best_peer;
      best = std::min(best, time);
    }
    state.SetIterationTime(ours);
    ratios.push_back(best_peer / ours);
  }
  for (std::size_t i = 0; i < contenders.size(); ++i)
    state.counters[contenders[i].name] = flops / median(seconds[i]) * 1e-9;
  if (contenders.size() > own) state.counters["ratio"] = median(ratios);
}

}  // namespace poster::bench
