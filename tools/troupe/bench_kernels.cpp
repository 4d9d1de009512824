#include "kernels/bert/ner_model.hpp"
#include "kernels/bert/packed_windows.hpp"
#include "kernels/cpu/probe.hpp"
#include "kernels/cpu/profile.hpp"
#include "kernels/cpu/roofline.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_data_option.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"

#include <algorithm>
#include <array>

namespace troupe::cli {

namespace {

using cpu::stage;

struct kernels_bench_options {
  bench_options common;
  bench_data_option data;
  precision_option precision;
  std::string model;
  std::size_t tokens = 4'096;
};

/// Work of a stage over all tokens and layers: operations of products, bytes of everything else, as a fused pass must read and
/// write them at least.
struct stage_work {
  double operations = 0, bytes = 0;
};

/// Knows the shapes of a model.
class shape_costs {
public:
  shape_costs(const bert::model_config& config, cpu::element type, double tokens)
      : hidden_{static_cast<double>(config.hidden_size)}, inner_{static_cast<double>(
                                                              config.intermediate_size)},
        layers_{static_cast<double>(config.num_layers)}, tokens_{tokens},
        input_bytes_{type == cpu::element::fp32   ? 4.0
                     : type == cpu::element::bf16 ? 2.0
                                                  : 1.0} {}

  [[nodiscard]] stage_work of(stage which) const {
    const double rows = tokens_ * layers_;
    switch (which) {
    case stage::qkv_product:
      return {rows * 2 * hidden_ * 3 * hidden_, 0};
    case stage::attention_output_product:
      return {rows * 2 * hidden_ * hidden_, 0};
    case stage::up_product:
    case stage::down_product:
      return {rows * 2 * hidden_ * inner_, 0};
    case stage::linear_ending:
      return {0, rows * 3 * hidden_ * 8};
    case stage::residual_ending:
      return {0, rows * 2 * hidden_ * 12};
    case stage::activation_ending:
      return {0, rows * inner_ * (4 + (input_bytes_ == 4 ? 4 : 2))};
    case stage::attention:
      return {0, rows * hidden_ * (12 + (input_bytes_ == 2 ? 2 : 4))};
    case stage::quantization:
      return {0, input_bytes_ == 1 ? rows * (hidden_ * 5 + inner_ * 3) : 0};
    case stage::norm:
      return {0, rows * 2 * hidden_ * (8 + (input_bytes_ == 4 ? 0 : input_bytes_))};
    case stage::embedding:
      return {0, tokens_ * hidden_ * (12 + 4)};
    case stage::classifier:
      return {0, tokens_ * hidden_ * 4};
    }
    return {};
  }

private:
  double hidden_, inner_, layers_, tokens_, input_bytes_;
};

/// Batches of the texts, about `tokens` tokens in all.
result<std::vector<bert::packed_windows>> make_batches(const bert::ner_model& model,
                                                       const std::vector<std::string>& texts,
                                                       std::size_t tokens,
                                                       std::size_t batch_tokens) {
  std::vector<bert::packed_windows> batches(1);
  std::size_t total = 0;
  for (std::size_t i = 0; total < tokens; ++i) {
    const auto prepared = model.prepare(texts[i % texts.size()]);
    if (!prepared) return tl::unexpected(prepared.error());
    for (const auto& window : prepared->windows) {
      if (batches.back().tokens() + window.size() > batch_tokens) batches.emplace_back();
      batches.back().add(window);
      total += window.size();
    }
    if (i > tokens && total == 0)
      return fail(cli_errc::bad_input, "the texts have no tokens; give others with --data");
  }
  return batches;
}

class kernels_bench {
public:
  kernels_bench(const kernels_bench_options& options, figure_sink& out)
      : options_{options}, out_{out} {}

  result<void> run() {
    if (auto loaded = load(); !loaded) return loaded;
    const auto texts = options_.data.read();
    if (!texts) return tl::unexpected(texts.error());
    auto batches = make_batches(*model_, texts->texts, options_.tokens, batch_tokens());
    if (!batches) return tl::unexpected(batches.error());
    batches_ = std::move(*batches);
    for (const auto& batch : batches_)
      tokens_ += static_cast<double>(batch.tokens());
    settings_ = {{"model", model_folder_.filename().string()},
                 {"engine", model_->engine().name()},
                 {"data", texts->source},
                 {"tokens", static_cast<std::uint64_t>(tokens_)}};
    if (auto done = pass(nullptr); !done) return done;
    while (rounds_ < options_.common.repetitions && !out_.stopped())
      if (auto done = round(); !done) return done;
    if (rounds_ > 0) report();
    if (!out_.stopped()) compare_products();
    return {};
  }

private:
  struct samples {
    std::vector<double> share, rate, of_roof;
  };

  result<void> load() {
    if (options_.model.empty()) {
      const auto models = models_folder();
      if (!models) return tl::unexpected(models.error());
      model_folder_ = *models / "ner-default";
    } else {
      model_folder_ = options_.model;
    }
    auto model = bert::ner_model::load(
        model_folder_, {options_.precision.value(), 1, "cpu", {}, {}, bert::default_cache_dir()});
    if (!model) return tl::unexpected(std::move(model.error()));
    model_ = std::move(*model);
    auto scratch = model_->engine().make_workspace(batch_tokens());
    if (!scratch) return tl::unexpected(std::move(scratch.error()));
    scratch_ = std::move(*scratch);
    return {};
  }

  [[nodiscard]] std::size_t batch_tokens() const {
    return std::max(bert::defaults::batch_tokens, model_->max_length());
  }

  /// All batches once. @param into where the seconds of the stages go, if anywhere.
  result<void> pass(std::array<double, cpu::stage_count>* into) {
    const cpu::profile_scope profile;
    for (auto& batch : batches_)
      if (auto done = batch.classify(model_->engine(), *scratch_); !done) return done;
    for (std::size_t i = 0; into && i < cpu::stage_count; ++i)
      (*into)[i] = profile.seconds(static_cast<stage>(i));
    return {};
  }

  /// One pass between two measurements of what the machine can do at this minute.
  result<void> round() {
    const auto type = cpu::element_of(model_->engine().used_precision());
    constexpr std::size_t square = 1'024;
    const double product_roof = cpu::onednn_product_rate(type, square, square, square);
    const double copy_roof = cpu::copy_rate();
    std::array<double, cpu::stage_count> seconds{};
    if (auto done = pass(&seconds); !done) return done;
    double all = 0;
    for (const double each : seconds)
      all += each;
    const shape_costs costs{model_->engine().config(), type, tokens_};
    for (std::size_t i = 0; i < cpu::stage_count; ++i) {
      const auto work = costs.of(static_cast<stage>(i));
      auto& to = stages_[i];
      if (seconds[i] <= 0 || (work.operations == 0 && work.bytes == 0)) continue;
      to.share.push_back(seconds[i] / all);
      to.rate.push_back((work.operations + work.bytes) / seconds[i] * 1e-9);
      to.of_roof.push_back(to.rate.back() * 1e9 / (work.operations > 0 ? product_roof : copy_roof));
    }
    product_roofs_.push_back(product_roof * 1e-9);
    copy_roofs_.push_back(copy_roof * 1e-9);
    whole_.push_back(tokens_ / all);
    ++rounds_;
    return {};
  }

  void report() {
    put("tokens", "tokens/s", whole_);
    put("roof.product", "Gop/s", product_roofs_);
    put("roof.copy", "GB/s", copy_roofs_);
    for (std::size_t i = 0; i < cpu::stage_count; ++i) {
      if (stages_[i].share.empty()) continue;
      const auto which = static_cast<stage>(i);
      const std::string name = cpu::to_string(which);
      const bool product = name.ends_with("product");
      put(name + ".share", "ratio", stages_[i].share);
      put(name + ".rate", product ? "Gop/s" : "GB/s", stages_[i].rate);
      put(name + ".of_roof", "ratio", stages_[i].of_roof);
    }
  }

  /// What oneDNN makes of each product alone, on as many rows as a batch has.
  void compare_products() {
    const auto& config = model_->engine().config();
    const auto type = cpu::element_of(model_->engine().used_precision());
    const auto rows = bert::defaults::batch_tokens, size = config.hidden_size;
    const auto alone = [&](const char* name, std::size_t inputs, std::size_t outputs) {
      std::vector<double> rates;
      for (std::size_t i = 0; i < options_.common.repetitions && !out_.stopped(); ++i)
        rates.push_back(cpu::onednn_product_rate(type, rows, inputs, outputs) * 1e-9);
      put(std::string{name} + ".onednn_alone", "Gop/s", rates);
    };
    alone("qkv_product", size, 3 * size);
    alone("attention_output_product", size, size);
    alone("up_product", size, config.intermediate_size);
    alone("down_product", config.intermediate_size, size);
  }

  void put(const std::string& name, const char* unit, std::vector<double> values) {
    if (!values.empty()) out_.put(summarise("kernels", name, unit, std::move(values), settings_));
  }

  const kernels_bench_options& options_;
  figure_sink& out_;
  std::filesystem::path model_folder_;
  std::shared_ptr<const bert::ner_model> model_;
  std::unique_ptr<bert::workspace> scratch_;
  std::vector<bert::packed_windows> batches_;
  double tokens_ = 0;
  std::size_t rounds_ = 0;
  std::array<samples, cpu::stage_count> stages_;
  std::vector<double> product_roofs_, copy_roofs_, whole_;
  bench_settings settings_;
};

result<void> bench_kernels(const kernels_bench_options& options, figure_sink& out) {
  return kernels_bench{options, out}.run();
}

constexpr const char* bench_kernels_footer =
    R"(Runs batches of the texts through the model on one thread, without tokenizer and decoding, and tells where the time goes:
  NAME.share         part of all kernels' time
  NAME.rate          operations (a multiplication and an addition are two) or bytes per second
  NAME.of_roof       the rate over the roof: for a product that of a bare oneDNN product of 1024 x 1024 x 1024 in the same
                     type and minute, for the rest a copy within the second-level cache
  NAME.onednn_alone  oneDNN's rate for a product of the same shape, with nothing done before and after it
A product is the sums alone; bias, activation, residual and scaling are in the "endings". Looking at the clock costs some
per cent of the whole.

Examples:
  troupe bench kernels
  troupe bench kernels --precision int8 --data valid.txt --json)";

} // namespace

void add_bench_kernels(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<kernels_bench_options>();
  auto* command =
      bench.add_subcommand("kernels", "Each kernel's share of the time and of its own roofline");
  options->common.add_to(*command);
  options->data.add_to(*command);
  options->precision.add_to(*command);
  command
      ->add_option("--model", options->model,
                   "A Hugging Face folder of a BERT token-classification model\n"
                   "(default: ner-default)")
      ->type_name("DIR");
  command->add_option("--tokens", options->tokens, "Tokens of one round")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}).description(""))
      ->type_name("N")
      ->capture_default_str();
  command->footer(bench_kernels_footer);
  run_bench_on_parse(*command, options, chosen, &bench_kernels);
}

} // namespace troupe::cli
