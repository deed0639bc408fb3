// The tokens of POSTER V1's two streams, in two layouts. "Halves": [2 batch, tokens, width], all image tokens
// and then all landmark tokens, for what works on tokens. "Joined": [batch, width, 2 tokens], both streams of
// an image side by side and last, for what mixes tokens (engine/layers/token_conv.h).
#pragma once

#include "engine/context.h"

namespace poster {

// Both streams [batch, tokens, width], image and landmarks, to the joined layout.
template <typename T>
Tensor<T> join_halves(Context<T>& context, const Tensor<T>& image, const Tensor<T>& landmarks);
template <typename T>
Tensor<T> join_halves(Context<T>& context, const Tensor<T>& halves);

// Back.
template <typename T>
Tensor<T> split_halves(Context<T>& context, const Tensor<T>& joined);

// The first image token alone, [batch, 1, width]; and its gradient in the joined layout, zero elsewhere.
template <typename T>
Tensor<T> first_of_joined(Context<T>& context, const Tensor<T>& joined);
template <typename T>
Tensor<T> first_to_joined(Context<T>& context, const Tensor<T>& token, index_t all_tokens);

}  // namespace poster
