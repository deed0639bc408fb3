// How often the fakes have computed something.
#pragma once

int fake_cublaslt_products();
int fake_cudnn_runs();
