// What the fakes say of themselves. They are shared libraries, found and loaded as the real ones are.
#pragma once

// How often they have computed something.
extern "C" int fake_cublaslt_products();
// How often they have been asked for an algorithm.
extern "C" int fake_cublaslt_heuristics();
extern "C" int fake_cudnn_runs();
