#include "model/token_halves.h"

#include "kernels/transpose/transpose.h"

namespace poster {

template <typename T>
Tensor<T> join_halves(Context<T>& c, const Tensor<T>& image, const Tensor<T>& landmarks) {
  const index_t batch = image.shape()[0], tokens = image.shape()[1], width = image.shape()[2];
  Tensor<T> joined = c.tensor({batch, width, 2 * tokens});
  c.run([&](auto& queue) {
    for (const Tensor<T>* half : {&image, &landmarks})
      kernels::run(queue, kernels::Transpose<T>{.out = joined.data() + (half == &image ? 0 : tokens),
                                                .x = half->data(),
                                                .batch = batch,
                                                .rows = tokens,
                                                .columns = width,
                                                .out_stride = 2 * tokens,
                                                .x_stride = width});
  });
  return joined;
}

template <typename T>
Tensor<T> join_halves(Context<T>& c, const Tensor<T>& halves) {
  const index_t batch = halves.shape()[0] / 2;
  return join_halves(c, halves.slice(0, batch), halves.slice(batch, batch));
}

template <typename T>
Tensor<T> split_halves(Context<T>& c, const Tensor<T>& joined) {
  const index_t batch = joined.shape()[0], width = joined.shape()[1], tokens = joined.shape()[2] / 2;
  Tensor<T> halves = c.tensor({2 * batch, tokens, width});
  c.run([&](auto& queue) {
    for (const index_t half : {0, 1})
      kernels::run(queue, kernels::Transpose<T>{.out = halves.data() + half * batch * tokens * width,
                                                .x = joined.data() + half * tokens,
                                                .batch = batch,
                                                .rows = width,
                                                .columns = tokens,
                                                .out_stride = width,
                                                .x_stride = 2 * tokens});
  });
  return halves;
}

template <typename T>
Tensor<T> first_of_joined(Context<T>& c, const Tensor<T>& joined) {
  const index_t batch = joined.shape()[0], width = joined.shape()[1], tokens = joined.shape()[2];
  Tensor<T> token = c.tensor({batch, 1, width});
  c.run(kernels::Transpose<T>{.out = token.data(),
                              .x = joined.data(),
                              .batch = batch,
                              .rows = width,
                              .columns = 1,
                              .out_stride = width,
                              .x_stride = tokens});
  return token;
}

template <typename T>
Tensor<T> first_to_joined(Context<T>& c, const Tensor<T>& token, index_t all_tokens) {
  const index_t batch = token.shape()[0], width = token.shape()[2];
  Tensor<T> joined = c.tensor({batch, width, all_tokens});
  c.run(kernels::Transpose<T>{.out = joined.data(),
                              .x = token.data(),
                              .batch = batch,
                              .rows = 1,
                              .columns = width,
                              .out_stride = all_tokens,
                              .x_stride = width,
                              .padding = all_tokens - 1});
  return joined;
}

#define POSTER_INSTANTIATE(T)                                                      \
  template Tensor<T> join_halves(Context<T>&, const Tensor<T>&, const Tensor<T>&); \
  template Tensor<T> join_halves(Context<T>&, const Tensor<T>&);                   \
  template Tensor<T> split_halves(Context<T>&, const Tensor<T>&);                  \
  template Tensor<T> first_of_joined(Context<T>&, const Tensor<T>&);               \
  template Tensor<T> first_to_joined(Context<T>&, const Tensor<T>&, index_t all_tokens);
POSTER_INSTANTIATE(float)
POSTER_INSTANTIATE(double)
POSTER_INSTANTIATE(Half)
#undef POSTER_INSTANTIATE

}  // namespace poster
