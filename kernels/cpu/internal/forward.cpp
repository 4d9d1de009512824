#include "kernels/cpu/internal/forward.hpp"

#include "kernels/cpu/defaults.hpp"

#include <algorithm>
#include <optional>

namespace troupe::cpu {
namespace {

using bert_layer = packed_parts::layer;

/// How many of the sequences that begin with `bounds` make the next group: as many as fit, at least
/// one.
std::size_t group_sequences(std::span<const std::uint32_t> bounds, std::size_t group_tokens) {
  const auto limit = bounds.front() + group_tokens;
  const auto end = std::upper_bound(bounds.begin() + 1, bounds.end(), limit);
  return std::max<std::size_t>(1, static_cast<std::size_t>(end - bounds.begin()) - 1);
}

/// One group of whole sequences on its way through the layers.
class pass {
public:
  pass(const forward_args& args, const bert::packed_batch& batch, cpu_workspace& scratch,
       std::span<const std::uint32_t> bounds)
      : args_{args}, parts_{args.model.parts}, scratch_{scratch}, team_{scratch.team},
        batch_{batch}, bounds_{bounds}, first_{bounds.front()},
        tokens_{bounds.back() - bounds.front()}, size_{args.config.hidden_size} {}

  void run(std::span<float> logits, const bert::hidden_observer* observe) {
    const auto& layers = parts_.layers;
    embed();
    show(0, observe);
    for (std::size_t index = 0; index < layers.size(); ++index) {
      const auto& layer = layers[index];
      const auto next =
          index + 1 < layers.size() ? layers[index + 1].qkv.layout.type : element::fp32;
      each_piece_of_sequences([&](const piece& of) { attend(layer, of); });
      each_piece_of_rows([&](const piece& of) { feed_forward(layer, of, next); });
      show(index + 1, observe);
    }
    classify(logits);
  }

private:
  /// Rows that go through the products of half a layer together, so that what lies between two products stays near.
  struct piece {
    /// The first row in the group.
    std::size_t first, rows;
    /// With attention, where its sequences begin and end in the batch.
    std::span<const std::uint32_t> bounds;
  };

  void embed() {
    const stage_timer timer{stage::embedding};
    const embedding_tables tables{parts_.words, parts_.positions, parts_.types};
    const auto norm = norm_of(parts_.embedding_norm);
    const auto out =
        normed(parts_.layers.empty() ? element::fp32 : parts_.layers.front().qkv.layout.type);
    team_.each(bounds_.size() - 1, [&](std::size_t sequence) {
      const auto begin = bounds_[sequence], count = bounds_[sequence + 1] - begin;
      embed_norm(tables, batch_.token_ids.subspan(begin, count),
                 batch_.token_type_ids.subspan(begin, count), norm, out.from(begin - first_));
    });
  }

  /// hidden = LayerNorm(hidden + attention(hidden)), also in the type of the product that follows.
  void attend(const bert_layer& layer, const piece& of) {
    const auto qkv = qkv_out(layer);
    product(layer.qkv, hidden_in(layer.qkv, of.first), of.rows, stage::qkv_product,
            stage::linear_ending,
            [&](const sums_block& block, std::size_t row, std::size_t column) {
              finish_linear(block, qkv.at(row, column));
            });
    mix_values(layer, of);
    add_and_norm(layer.attention_output, stage::attention_output_product,
                 scratch_.attended.as(layer.attention_output.layout.type), of, layer.attention_norm,
                 layer.up.layout.type);
  }

  /// Each head of each sequence.
  void mix_values(const bert_layer& layer, const piece& of) {
    const auto to = scratch_.attended.as(layer.attention_output.layout.type);
    const auto qkv = qkv_out(layer);
    std::optional<stage_timer> timer{std::in_place, stage::attention};
    if (qkv.bf16)
      mix_values_of<bf16_bits>(qkv.bf16, context_out(to), of);
    else
      mix_values_of<float>(qkv.fp32, context_out(to), of);
    timer.emplace(stage::quantization);
    if (to.type == element::int8)
      by_rows(of.rows, [&](std::size_t row, std::size_t rows) {
        convert_rows(rows, size_, scratch_.context.data() + row * scratch_.hidden_stride,
                     scratch_.hidden_stride, to.from(row));
      });
  }

  template <class Number>
  void mix_values_of(const Number* qkv, const number_out& to, const piece& of) {
    const auto heads = args_.config.num_heads, head_dim = args_.config.head_dim();
    const auto stride = scratch_.qkv_stride;
    team_.each((of.bounds.size() - 1) * heads, [&](std::size_t task) {
      const auto sequence = task / heads, column = task % heads * head_dim;
      const auto begin = of.bounds[sequence] - of.bounds.front();
      const Number* from = qkv + begin * stride + column;
      attention(attention_args<Number>{of.bounds[sequence + 1] - of.bounds[sequence], head_dim,
                                       stride, from, from + size_, from + 2 * size_,
                                       to.at(begin, column)},
                scratch_.attention_scratch[thread_team::number()].data());
    });
  }

  /// hidden = LayerNorm(hidden + down(act(up(hidden)))), also in the type of the next layer.
  void feed_forward(const bert_layer& layer, const piece& of, element next) {
    const auto to = scratch_.activated.as(layer.down.layout.type);
    const auto out = inner_out(to);
    const auto kind = args_.config.hidden_activation;
    product(layer.up, hidden_in(layer.up, of.first), of.rows, stage::up_product,
            stage::activation_ending,
            [&](const sums_block& block, std::size_t row, std::size_t column) {
              finish_activation(kind, block, out.at(row, column));
            });
    if (to.type == element::int8) {
      const stage_timer timer{stage::quantization};
      by_rows(of.rows, [&](std::size_t row, std::size_t rows) {
        quantize_fp16_rows(rows, args_.config.intermediate_size,
                           scratch_.inner.data() + row * scratch_.inner_stride,
                           scratch_.inner_stride, to.from(row));
      });
    }
    add_and_norm(layer.down, stage::down_product, to, of, layer.output_norm, next);
  }

  void add_and_norm(const packed_dense& weights, stage counted, const input_rows& in,
                    const piece& of, const packed_norm& norm, element next) {
    float* hidden = scratch_.hidden.data() + of.first * scratch_.hidden_stride;
    product(weights, in, of.rows, counted, stage::residual_ending,
            [&](const sums_block& block, std::size_t row, std::size_t column) {
              finish_residual(block, hidden + row * scratch_.hidden_stride + column,
                              scratch_.hidden_stride);
            });
    const stage_timer timer{stage::norm};
    const auto out = normed(next).from(of.first);
    by_rows(of.rows, [&](std::size_t row, std::size_t rows) {
      norm_rows(rows, norm_of(norm), out.from(row));
    });
  }

  void classify(std::span<float> logits) {
    const stage_timer timer{stage::classifier};
    const auto labels = args_.config.labels.size();
    const classifier_args head{size_, labels, parts_.classifier_weight, parts_.classifier_bias};
    by_rows(tokens_, [&](std::size_t row, std::size_t rows) {
      classify_rows(head, rows, scratch_.hidden.data() + row * scratch_.hidden_stride,
                    scratch_.hidden_stride, logits.data() + (first_ + row) * labels);
    });
  }

  void show(std::size_t layer, const bert::hidden_observer* observe) const {
    if (!observe) return;
    std::vector<float> rows(tokens_ * size_);
    for (std::size_t row = 0; row < tokens_; ++row)
      std::copy_n(scratch_.hidden.data() + row * scratch_.hidden_stride, size_,
                  rows.data() + row * size_);
    (*observe)(layer, first_, rows);
  }

  template <class Finish>
  void product(const packed_dense& weights, const input_rows& in, std::size_t rows, stage sums,
               stage ending, const Finish& finish) {
    multiply(args_.kernels.of(weights.layout.type), scratch_.onednn(weights.layout, in.stride),
             weights, rows, in, team_, sums, ending, finish);
  }

  [[nodiscard]] norm_args norm_of(const packed_norm& norm) const {
    return {norm.gamma, norm.beta, size_, args_.config.layer_norm_eps};
  }

  /// Where LayerNorm writes when a product of that type comes next.
  [[nodiscard]] norm_out normed(element next) {
    return {scratch_.hidden.data(), scratch_.hidden_stride, scratch_.normed.as(next)};
  }
  /// What a product reads of LayerNorm from row `first` on: float32 in place, else the copy.
  [[nodiscard]] input_rows hidden_in(const packed_dense& of, std::size_t first) {
    if (of.layout.type != element::fp32) return scratch_.normed.as(of.layout.type).from(first);
    return input_rows{element::fp32, reinterpret_cast<std::byte*>(scratch_.hidden.data()),
                      scratch_.hidden_stride * sizeof(float), nullptr, nullptr}
        .from(first);
  }
  /// Queries, keys and values: as bfloat16 where attention takes them and their product is none of float32.
  [[nodiscard]] number_out qkv_out(const bert_layer& layer) {
    const bool narrow = args_.kernels.bf16_attention && layer.qkv.layout.type != element::fp32 &&
                        args_.config.head_dim() % bf16_head_step == 0;
    float* numbers = scratch_.qkv.data();
    if (narrow)
      return {nullptr, reinterpret_cast<bf16_bits*>(numbers), nullptr, scratch_.qkv_stride};
    return {numbers, nullptr, nullptr, scratch_.qkv_stride};
  }
  /// Where numbers go that a product of that type reads: to it, but for int8, which needs whole rows first.
  [[nodiscard]] number_out context_out(const input_rows& to) {
    if (to.type == element::int8)
      return {scratch_.context.data(), nullptr, nullptr, scratch_.hidden_stride};
    return direct_out(to);
  }
  [[nodiscard]] number_out inner_out(const input_rows& to) {
    if (to.type == element::int8)
      return {nullptr, nullptr, scratch_.inner.data(), scratch_.inner_stride};
    return direct_out(to);
  }
  static number_out direct_out(const input_rows& to) {
    if (to.type == element::bf16)
      return {nullptr, reinterpret_cast<bf16_bits*>(to.data), nullptr,
              to.stride / sizeof(bf16_bits)};
    return {reinterpret_cast<float*>(to.data), nullptr, nullptr, to.stride / sizeof(float)};
  }

  /// Calls `work` for pieces of whole sequences.
  template <class Work>
  void each_piece_of_sequences(const Work& work) {
    for (auto bounds = bounds_; bounds.size() > 1;) {
      const auto sequences = group_sequences(bounds, scratch_.piece_tokens);
      const auto of = bounds.first(sequences + 1);
      work(piece{of.front() - first_, of.back() - of.front(), of});
      bounds = bounds.subspan(sequences);
    }
  }
  template <class Work>
  void each_piece_of_rows(const Work& work) {
    for (std::size_t first = 0; first < tokens_; first += scratch_.piece_tokens)
      work(piece{first, std::min(scratch_.piece_tokens, tokens_ - first), {}});
  }

  /// Calls `work(first, count)` for parts of the rows.
  template <class Work>
  void by_rows(std::size_t rows, const Work& work) {
    const auto step = team_.size() == 1 ? rows : defaults::rows_per_task;
    team_.each((rows + step - 1) / step,
               [&](std::size_t part) { work(part * step, std::min(step, rows - part * step)); });
  }

  const forward_args& args_;
  const packed_parts& parts_;
  cpu_workspace& scratch_;
  thread_team& team_;
  const bert::packed_batch& batch_;
  std::span<const std::uint32_t> bounds_;
  std::size_t first_, tokens_, size_;
};

} // namespace

void forward(const forward_args& args, const bert::packed_batch& batch, cpu_workspace& scratch,
             std::span<float> logits, const bert::hidden_observer* observe) {
  for (auto bounds = batch.cu_seqlens; bounds.size() > 1;) {
    const auto sequences = group_sequences(bounds, scratch.group_tokens);
    pass{args, batch, scratch, bounds.first(sequences + 1)}.run(logits, observe);
    bounds = bounds.subspan(sequences);
  }
}

} // namespace troupe::cpu
