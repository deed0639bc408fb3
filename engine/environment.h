// The environment variables that change how this program computes.
#pragma once

namespace poster {

// Throws poster::Error for one whose value means nothing: a name that is spelled wrongly would go unnoticed.
//   POSTER_ISA  baseline, avx2 or avx512: at most this instruction set
//   POSTER_CUDA_LIBRARY_PATH  the folders of cuBLASLt and cuDNN, colons between them
//   POSTER_CUDA_SYNC, POSTER_CUDA_POISON, POSTER_CUDNN_TUNE  0 or 1
void check_environment();

}  // namespace poster
