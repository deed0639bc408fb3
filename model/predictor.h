// A network for use alone: logits, probabilities, and where the class token looks. Batch norms are folded
// into the convolutions before them, there are no gradients, moments or tensors that nothing uses, and
// activations lie in one block of memory that is planned once for each size of batch. After the first batch
// of a size nothing is allocated.
//
// On a CUDA device a batch of a size is put into a graph when it comes for the second time, and replayed from
// then on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/parameters.h"
#include "engine/planning_scope.h"

namespace poster {

using kernels::index_t;

class Predictor {
 public:
  // `set_weights` is called once, with parameters that are all zero (model/weights.h sets them, or
  // initialise()); later changes to them have no effect. `device` must outlive the predictor; its precision
  // is the network's. Throws Error: an unknown model, too little memory, and what set_weights throws.
  Predictor(Device& device, const std::string& model, index_t outputs,
            const std::function<void(Parameters<float>&)>& set_weights);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  index_t outputs() const { return outputs_; }

  // Plans and allocates for batches of this size; without it, the first such batch does. The largest first,
  // and memory is taken once.
  void reserve(index_t count, index_t height, index_t width);

  // What batches of this size need, by a dry run: allocates nothing.
  PlannedMemory memory_needs(index_t count, index_t height, index_t width);

  // images: [count, height, width, 3] on the host, normalised (io/data/augmentation.h), count, height and
  // width at least 1; the network reduces them to ModelInfo::input_side by nearest neighbour. Returns [count,
  // outputs] on the host, valid until the next call. The same bits for any number of threads; in another
  // batch the same to rounding. Throws Error for a size below 1 or beyond the memory there is.
  std::span<const float> logits(const float* images, index_t count, index_t height, index_t width);
  // The same, each row through a softmax.
  std::span<const float> probabilities(const float* images, index_t count, index_t height, index_t width);

  // From the next batch on, keeps the class token's attention of the last block too; this costs time and
  // memory. Throws Error for a model without such (ModelInfo::attention_map): POSTER V1's tokens of the image
  // are runs of its map's memory, not places, and its answer is read from a mixture of all tokens.
  void keep_attention(bool keep);
  // Of the last batch: [count, tokens] where each row sums to 1, the mean over heads of what the class token
  // takes from each token. Token 0 is the class token itself; then come three levels, each a grid over the
  // image, row by row: tokens = 1 + 3 side². Empty unless keep_attention(true) came before.
  std::span<const float> attention() const;

  // Bytes on the device: weights, and activations reserved up to now.
  std::size_t model_bytes() const;
  std::size_t activation_bytes() const;

 private:
  class Implementation;
  template <typename T>
  class Typed;

  std::string model_;
  index_t outputs_;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace poster
