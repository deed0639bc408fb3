#include "kernels/augment/augment.h"

#include "kernels/cuda/colour.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

constexpr int kThreads = 256;

__device__ Colour colour_at(const std::uint8_t* image, int pixel) {
  const std::uint8_t* const rgb = image + static_cast<index_t>(pixel) * 3;
  return {rgb[0], rgb[1], rgb[2]};
}

// Contrast blends with the mean luma of the whole image as it is then. Each of kParts blocks of an image
// that has contrast sums a part: integers, so that any order gives the same sum.
constexpr int kParts = 16;

__global__ void __launch_bounds__(kThreads) luma_kernel(unsigned* sums, const std::uint8_t* images,
                                                        const ImageAugmentation* augmentations, int pixels) {
  const unsigned n = blockIdx.x / kParts;
  const ImageAugmentation& a = augmentations[n];
  const int contrast = place_of_contrast(a);
  if (contrast < 0) return;
  const std::uint8_t* const image = images + a.image * pixels * 3;
  unsigned sum = 0;
  for (int p = static_cast<int>(blockIdx.x % kParts * kThreads + threadIdx.x); p < pixels;
       p += kParts * kThreads)
    sum += static_cast<unsigned>(luma(jittered(colour_at(image, p), a, contrast, 0)));
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// The mean, rounded.
__device__ int mean_luma(const unsigned* parts, int pixels) {
  unsigned long long sum = 0;
  for (int i = 0; i < kParts; ++i) sum += parts[i];
  return static_cast<int>((2 * sum + pixels) / (2 * static_cast<unsigned long long>(pixels)));
}

template <typename T>
struct AugmentedTile {
  int grey;
  T values[3 * kThreads];
};

// One pixel of the result, before normalisation. False: beyond the image.
__device__ bool gathered(const std::uint8_t* image, const ImageAugmentation& a, int size, int x, int y,
                         Colour& colour) {
  x -= a.dx, y -= a.dy;
  if (x < 0 || x >= size || y < 0 || y >= size) return false;
  if (a.rotated) {
    const std::int64_t from_x = (a.x0 + a.xx * x + a.xy * y) >> 16,
                       from_y = (a.y0 + a.yx * x + a.yy * y) >> 16;
    if (from_x < 0 || from_x >= size || from_y < 0 || from_y >= size) return false;
    x = static_cast<int>(from_x), y = static_cast<int>(from_y);
  }
  colour = colour_at(image, y * size + (a.flip ? size - 1 - x : x));
  return true;
}

// A block makes kThreads neighbouring pixels of one image and writes them in the order of memory.
template <typename T>
__global__ void __launch_bounds__(kThreads)
    augment_kernel(AugmentImages<T> args, const unsigned* luma_sums, int tiles) {
  const int n = static_cast<int>(blockIdx.x / tiles), size = static_cast<int>(args.size);
  const int step = static_cast<int>(args.step), side = size / step, thread = static_cast<int>(threadIdx.x);
  const int first = static_cast<int>(blockIdx.x % tiles) * kThreads;
  const ImageAugmentation& a = args.augmentations[n];
  const bool contrast = place_of_contrast(a) >= 0;
  AugmentedTile<T>& tile = block_shared<AugmentedTile<T>>();
  if (contrast) {
    if (thread == 0) tile.grey = mean_luma(luma_sums + n * kParts, size * size);
    __syncthreads();
  }

  const int pixel = first + thread;
  if (pixel < side * side) {
    const int x = pixel % side * step, y = pixel / side * step;
    const bool erased = x >= a.erase_left && x < a.erase_left + a.erase_width && y >= a.erase_top &&
                        y < a.erase_top + a.erase_height;
    Colour colour{0, 0, 0};
    if (!erased && gathered(args.images + a.image * size * size * 3, a, size, x, y, colour))
      colour = jittered(colour, a, a.jitters, contrast ? tile.grey : 0);
    T* const to = tile.values + 3 * thread;
    to[0] = from_float<T>(erased ? 0.0f : args.levels[colour.red]);
    to[1] = from_float<T>(erased ? 0.0f : args.levels[256 + colour.green]);
    to[2] = from_float<T>(erased ? 0.0f : args.levels[512 + colour.blue]);
  }
  __syncthreads();
  const int count = 3 * min(kThreads, side * side - first);
  T* const y = args.y + (static_cast<index_t>(n) * side * side + first) * 3;
  for (int i = thread; i < count; i += kThreads) y[i] = tile.values[i];
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const AugmentImages<T>& a) {
  unsigned* const sums = queue.scratch<unsigned>(a.batch * kParts);
  launch(queue, a.name, luma_kernel, blocks_for(a.batch * kParts, 1), kThreads, 0, sums, a.images,
         a.augmentations, static_cast<int>(a.size * a.size));
  const index_t side = a.size / a.step;
  const unsigned tiles = blocks_for(side * side, kThreads);
  launch(queue, a.name, augment_kernel<T>, blocks_for(a.batch * tiles, 1), kThreads, 0, a, sums,
         static_cast<int>(tiles));
}

template struct CudaKernel<AugmentImages<float>>;
template struct CudaKernel<AugmentImages<Half>>;

}  // namespace poster::kernels
