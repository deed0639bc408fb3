// A convolution by oneDNN, as a peer to measure against; does nothing where oneDNN is not installed.
#pragma once

#include "kernels/conv2d/conv2d.h"

#ifdef POSTER_BENCH_ONEDNN
#include <dnnl.hpp>
#include <unordered_map>

namespace poster::bench {

class OneDnnConv2d {
 public:
  static constexpr bool available = true;
  enum class Pass { forward, backward_data, backward_weights };

  // nhwc: maps in N H W C, weights in O H W I and reordered to (or from) oneDNN's own layout in each run.
  OneDnnConv2d(const kernels::Conv2dShape& s, Pass pass, bool nhwc)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using dnnl::memory;
    using Tag = memory::format_tag;
    const auto f32 = memory::data_type::f32;
    const memory::dims x{s.batch, s.c_in, s.height, s.width}, w{s.c_out, s.c_in, s.kernel, s.kernel},
        y{s.batch, s.c_out, s.out_height(), s.out_width()}, stride{s.stride, s.stride},
        pad{s.padding, s.padding};
    const memory::desc map_x(x, f32, nhwc ? Tag::nhwc : Tag::any), map_y(y, f32, nhwc ? Tag::nhwc : Tag::any),
        weights(w, f32, Tag::any), plain_weights(w, f32, Tag::ohwi);
    const auto algorithm = dnnl::algorithm::convolution_auto;
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, map_x, weights, map_y, stride, pad, pad}, engine_);
    memory own_weights, plain(plain_weights, engine_);
    if (pass == Pass::forward) {
      own_weights = memory(forward.weights_desc(), engine_);
      if (nhwc) add_reorder(plain, own_weights);
      add(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, memory(forward.src_desc(), engine_)},
                                               {DNNL_ARG_WEIGHTS, own_weights},
                                               {DNNL_ARG_DST, memory(forward.dst_desc(), engine_)}});
    } else if (pass == Pass::backward_data) {
      const dnnl::convolution_backward_data::primitive_desc backward(
          {algorithm, map_x, weights, map_y, stride, pad, pad}, engine_, forward);
      own_weights = memory(backward.weights_desc(), engine_);
      if (nhwc) add_reorder(plain, own_weights);
      add(dnnl::convolution_backward_data(backward),
          {{DNNL_ARG_DIFF_SRC, memory(backward.diff_src_desc(), engine_)},
           {DNNL_ARG_WEIGHTS, own_weights},
           {DNNL_ARG_DIFF_DST, memory(backward.diff_dst_desc(), engine_)}});
    } else {
      const dnnl::convolution_backward_weights::primitive_desc backward(
          {algorithm, map_x, weights, map_y, stride, pad, pad}, engine_, forward);
      own_weights = memory(backward.diff_weights_desc(), engine_);
      add(dnnl::convolution_backward_weights(backward),
          {{DNNL_ARG_SRC, memory(backward.src_desc(), engine_)},
           {DNNL_ARG_DIFF_WEIGHTS, own_weights},
           {DNNL_ARG_DIFF_DST, memory(backward.diff_dst_desc(), engine_)}});
      if (nhwc) add_reorder(own_weights, plain);
    }
    for (auto& step : steps_)
      for (auto& [argument, memory] : step.arguments)
        std::fill_n(static_cast<float*>(memory.get_data_handle()),
                    memory.get_desc().get_size() / sizeof(float), 0.5f);
  }

  void run() {
    for (auto& step : steps_) step.primitive.execute(stream_, step.arguments);
    stream_.wait();
  }

 private:
  struct Step {
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> arguments;
  };
  void add(dnnl::primitive primitive, std::unordered_map<int, dnnl::memory> arguments) {
    steps_.push_back({std::move(primitive), std::move(arguments)});
  }
  void add_reorder(dnnl::memory from, dnnl::memory to) {
    add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<Step> steps_;
};

}  // namespace poster::bench

#else

namespace poster::bench {

class OneDnnConv2d {
 public:
  static constexpr bool available = false;
  enum class Pass { forward, backward_data, backward_weights };
  OneDnnConv2d(const kernels::Conv2dShape&, Pass, bool) {}
  void run() {}
};

}  // namespace poster::bench
#endif
