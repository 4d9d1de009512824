#include "kernels/cpu/internal/forward.hpp"

#include "kernels/cpu/defaults.hpp"
#include "kernels/cpu/row_sizes.hpp"

#include <algorithm>
#include <omp.h>

namespace troupe::cpu {
namespace {

/// One group of whole sequences on its way through the layers.
class pass {
public:
  pass(const forward_args& args, const bert::packed_batch& batch, cpu_workspace& scratch,
       std::span<const std::uint32_t> bounds)
      : args_{args}, model_{args.model}, scratch_{scratch}, batch_{batch}, bounds_{bounds},
        first_{bounds.front()}, tokens_{bounds.back() - bounds.front()},
        size_{args.config.hidden_size} {}

  void embed() {
    const auto& from = model_.embeddings;
    const embedding_tables tables{from.words.data(), from.positions.data(), from.types.data()};
    const auto norm = norm_of(from.norm);
    in_parallel(bounds_.size() - 1, [&](std::size_t sequence) {
      const auto begin = bounds_[sequence], count = bounds_[sequence + 1] - begin;
      embed_norm(tables, batch_.token_ids.subspan(begin, count),
                 batch_.token_type_ids.subspan(begin, count), norm,
                 hidden_out().at((begin - first_) * size_));
    });
  }

  void run_layer(const packed_model::layer& layer) {
    multiply_queries_keys_values(layer);
    attend(layer);
    for (std::size_t row = 0; row < tokens_;) {
      const auto rows = next_rows(model_.row_sizes, tokens_ - row);
      finish_attention(layer, row, rows);
      feed_forward(layer, row, rows);
      row += rows;
    }
  }

  void classify(std::span<float> logits) {
    const auto labels = args_.config.labels.size();
    const auto& head = model_.classifier;
    by_rows(tokens_, [&](std::size_t row, std::size_t rows) {
      classify_rows(rows, size_, labels, scratch_.hidden.data() + row * size_, head.weight.data(),
                    head.bias.data(), logits.data() + (first_ + row) * labels);
    });
  }

  void show(std::size_t layer, const bert::hidden_observer* observe) const {
    if (observe) (*observe)(layer, first_, {scratch_.hidden.data(), tokens_ * size_});
  }

private:
  void multiply_queries_keys_values(const packed_model::layer& layer) {
    for (std::size_t row = 0; row < tokens_;) {
      const auto rows = next_rows(model_.row_sizes, tokens_ - row);
      multiply(model_.multiply.qkv, scratch_.qkv_calls, rows, layer.qkv, hidden_in(row),
               scratch_.qkv.data() + row * 3 * size_);
      row += rows;
    }
  }

  void attend(const packed_model::layer& layer) {
    const auto heads = args_.config.num_heads;
    in_parallel((bounds_.size() - 1) * heads, [&](std::size_t task) {
      const auto sequence = task / heads, column = task % heads * args_.config.head_dim();
      const auto begin = bounds_[sequence] - first_;
      const float* from = scratch_.qkv.data() + begin * 3 * size_ + column;
      attention_args args;
      args.tokens = bounds_[sequence + 1] - bounds_[sequence];
      args.head_dim = args_.config.head_dim();
      args.stride = 3 * size_;
      args.query = from;
      args.key = from + size_;
      args.value = from + 2 * size_;
      args.query_bias = layer.qkv_bias.data() + column;
      args.value_bias = layer.qkv_bias.data() + 2 * size_ + column;
      args.out = context_out().at(begin * size_ + column);
      args.out_stride = size_;
      attention(args, scratch_.attention_scratch[this_thread()].data());
    });
  }

  void finish_attention(const packed_model::layer& layer, std::size_t row, std::size_t rows) {
    multiply(model_.multiply.attention_output, scratch_.attention_output_calls, rows,
             layer.attention_output, context_in(row), scratch_.delta.data());
    add_and_norm(layer.attention_output_bias, layer.attention_norm, row, rows);
  }

  void feed_forward(const packed_model::layer& layer, std::size_t row, std::size_t rows) {
    const auto width = args_.config.intermediate_size;
    multiply(model_.multiply.up, scratch_.up_calls, rows, layer.up, hidden_in(row),
             scratch_.inner.data());
    by_rows(rows, [&](std::size_t at, std::size_t count) {
      const auto* in = scratch_.inner.data() + at * width;
      bias_activation(args_.config.hidden_activation, count, width, in, layer.up_bias.data(),
                      inner_out().at(at * width));
    });
    const void* inner =
        args_.bf16 ? static_cast<const void*>(scratch_.inner_bf16.data()) : scratch_.inner.data();
    multiply(model_.multiply.down, scratch_.down_calls, rows, layer.down, inner,
             scratch_.delta.data());
    add_and_norm(layer.down_bias, layer.output_norm, row, rows);
  }

  /// hidden = LayerNorm(hidden + delta + bias) for the tokens among `rows` rows from `row` on.
  void add_and_norm(const std::vector<float>& bias, const bert::norm_weights& norm, std::size_t row,
                    std::size_t rows) {
    by_rows(std::min(rows, tokens_ - row), [&](std::size_t at, std::size_t count) {
      const auto out = hidden_out().at((row + at) * size_);
      residual_norm(count, scratch_.delta.data() + at * size_, bias.data(), norm_of(norm), out.fp32,
                    out.bf16);
    });
  }

  void multiply(const matmul& product, cpu_workspace::calls& calls, std::size_t rows,
                const dnnl::memory& weight, const void* in, float* out) {
    const auto& sizes = model_.row_sizes;
    const auto which = std::lower_bound(sizes.begin(), sizes.end(), rows) - sizes.begin();
    product.run(scratch_.stream, rows, calls[static_cast<std::size_t>(which)], weight, in, out);
  }

  [[nodiscard]] norm_args norm_of(const bert::norm_weights& norm) const {
    return {norm.gamma.data(), norm.beta.data(), size_, args_.config.layer_norm_eps};
  }

  // Where activations are written, and where products read them from: in the type of the products.
  activation_out hidden_out() { return {scratch_.hidden.data(), scratch_.hidden_bf16.data()}; }
  activation_out context_out() { return {scratch_.context.data(), scratch_.context_bf16.data()}; }
  activation_out inner_out() {
    if (args_.bf16) return {nullptr, scratch_.inner_bf16.data()};
    return {scratch_.inner.data(), nullptr};
  }
  [[nodiscard]] const void* hidden_in(std::size_t row) const {
    if (args_.bf16) return scratch_.hidden_bf16.data() + row * size_;
    return scratch_.hidden.data() + row * size_;
  }
  [[nodiscard]] const void* context_in(std::size_t row) const {
    if (args_.bf16) return scratch_.context_bf16.data() + row * size_;
    return scratch_.context.data() + row * size_;
  }

  /// Number of the calling thread among those of this stream.
  static std::size_t this_thread() { return static_cast<std::size_t>(omp_get_thread_num()); }

  /// Calls `work(i)` for i below `count`, on the threads of this stream. One thread stays out of
  /// OpenMP altogether.
  template <class Work>
  void in_parallel(std::size_t count, const Work& work) {
    if (args_.threads == 1) {
      for (std::size_t i = 0; i < count; ++i)
        work(i);
      return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(args_.threads))
    for (std::size_t i = 0; i < count; ++i)
      work(i);
  }

  /// Calls `work(first, count)` for pieces of `rows` rows.
  template <class Work>
  void by_rows(std::size_t rows, const Work& work) {
    const auto step = args_.threads == 1 ? rows : defaults::rows_per_task;
    in_parallel((rows + step - 1) / step, [&](std::size_t piece) {
      work(piece * step, std::min(step, rows - piece * step));
    });
  }

  const forward_args& args_;
  const packed_model& model_;
  cpu_workspace& scratch_;
  const bert::packed_batch& batch_;
  std::span<const std::uint32_t> bounds_;
  std::size_t first_, tokens_, size_;
};

/// How many of the sequences that begin with `bounds` make the next group: as many as fit, at least
/// one.
std::size_t group_sequences(std::span<const std::uint32_t> bounds, std::size_t group_tokens) {
  const auto limit = bounds.front() + group_tokens;
  const auto end = std::upper_bound(bounds.begin() + 1, bounds.end(), limit);
  return static_cast<std::size_t>(end - bounds.begin()) - 1;
}

} // namespace

void forward(const forward_args& args, const bert::packed_batch& batch, cpu_workspace& scratch,
             std::span<float> logits, const bert::hidden_observer* observe) {
  for (auto bounds = batch.cu_seqlens; bounds.size() > 1;) {
    const auto sequences = group_sequences(bounds, scratch.group_tokens);
    pass group{args, batch, scratch, bounds.first(sequences + 1)};
    group.embed();
    group.show(0, observe);
    for (std::size_t index = 0; index < args.model.layers.size(); ++index) {
      group.run_layer(args.model.layers[index]);
      group.show(index + 1, observe);
    }
    group.classify(logits);
    bounds = bounds.subspan(sequences);
  }
}

} // namespace troupe::cpu
