// The network's matrix products beside oneDNN's and OpenBLAS's, where they are installed.
#include "kernels/matmul/matmul.h"

#include <vector>

#include "bench/paired.h"

#ifdef POSTER_BENCH_ONEDNN
#include <dnnl.h>
#endif
#ifdef POSTER_BENCH_OPENBLAS
#include <cblas.h>
#endif

namespace poster::bench {
namespace {

using kernels::CpuQueue;
using kernels::index_t;

struct Sizes {
  index_t m, n, k;
};

CpuQueue& queue() {
  static CpuQueue instance(bench_threads());
  return instance;
}

// transposes: "nt" is the forward pass of a linear layer, "nn" its input gradient, "tn" its weight gradient.
void bench_matmul(benchmark::State& state, Sizes s, bool ta, bool tb) {
  std::vector<float> a(s.m * s.k, 0.5f), b(s.k * s.n, 0.25f), c(s.m * s.n);
  const index_t lda = ta ? s.m : s.k, ldb = tb ? s.k : s.n;
  std::vector<Contender> contenders{{"ours", [&] {
                                       kernels::run(queue(), kernels::Matmul<float>{.c = c.data(),
                                                                                    .a = a.data(),
                                                                                    .b = b.data(),
                                                                                    .m = s.m,
                                                                                    .n = s.n,
                                                                                    .k = s.k,
                                                                                    .lda = lda,
                                                                                    .ldb = ldb,
                                                                                    .ldc = s.n,
                                                                                    .transpose_a = ta,
                                                                                    .transpose_b = tb});
                                     }}};
#ifdef POSTER_BENCH_ONEDNN
  contenders.push_back({"onednn", [&] {
                          dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', s.m, s.n, s.k, 1, a.data(), lda,
                                     b.data(), ldb, 0, c.data(), s.n);
                        }});
#endif
#ifdef POSTER_BENCH_OPENBLAS
  contenders.push_back({"openblas", [&] {
                          cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans,
                                      tb ? CblasTrans : CblasNoTrans, static_cast<int>(s.m),
                                      static_cast<int>(s.n), static_cast<int>(s.k), 1, a.data(),
                                      static_cast<int>(lda), b.data(), static_cast<int>(ldb), 0, c.data(),
                                      static_cast<int>(s.n));
                        }});
#endif
  run_paired(state, 2.0 * static_cast<double>(s.m * s.n * s.k), contenders);
}

void add(Sizes s, const char* transposes) {
  const bool ta = transposes[0] == 't', tb = transposes[1] == 't';
  const std::string name = std::string("matmul/") + transposes + "/m:" + std::to_string(s.m) +
                           "/n:" + std::to_string(s.n) + "/k:" + std::to_string(s.k);
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { bench_matmul(state, s, ta, tb); })
      ->UseManualTime()
      ->Iterations(7)
      ->Unit(benchmark::kMillisecond);
}

void register_all() {
  for (index_t rows : {148 * 8, 148, 1}) {
    for (auto [in, out] : {std::pair<index_t, index_t>{768, 2304}, {768, 768}, {768, 3072}, {3072, 768}}) {
      add({rows, out, in}, "nt");
      if (rows < 148 * 8) continue;
      add({rows, in, out}, "nn");
      add({out, in, rows}, "tn");
    }
  }
  for (index_t rows : {2, 4, 8, 16, 32}) add({rows, 768, 768}, "nt");
  for (auto [in, out, tokens] : {std::tuple<index_t, index_t, index_t>{64, 128, 784 * 8},
                                 {128, 256, 196 * 8},
                                 {256, 512, 49 * 8},
                                 {64, 256, 784 * 8}}) {
    add({tokens, out, in}, "nt");
    add({tokens, in, out}, "nn");
    add({out, in, tokens}, "tn");
  }
}

}  // namespace
}  // namespace poster::bench

int main(int argc, char** argv) {
  poster::bench::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
