#include "kernels/bert/engine.hpp"

#include "kernels/bert/errors.hpp"

#include <cstdlib>
#include <utility>

namespace troupe::bert {
namespace {

auto bad(const std::string& what) {
  return fail(bert_errc::bad_batch, what);
}

result<void> check_lengths(const packed_batch& batch, const model_config& config) {
  const auto& bounds = batch.cu_seqlens;
  const auto tokens = batch.token_ids.size();
  if (batch.token_type_ids.size() != tokens)
    return bad(std::to_string(tokens) + " token ids but " +
               std::to_string(batch.token_type_ids.size()) + " token type ids");
  if (bounds.empty()) {
    if (tokens == 0) return {};
    return bad(std::to_string(tokens) + " tokens but no cu_seqlens");
  }
  if (bounds.front() != 0) return bad("cu_seqlens[0] is not 0");
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
    if (bounds[i + 1] <= bounds[i])
      return bad("sequence " + std::to_string(i) + " is empty or its bounds fall");
    if (bounds[i + 1] - bounds[i] > config.max_positions)
      return bad("sequence " + std::to_string(i) + " has " +
                 std::to_string(bounds[i + 1] - bounds[i]) + " tokens; the model takes at most " +
                 std::to_string(config.max_positions));
  }
  if (bounds.back() != tokens)
    return bad("cu_seqlens ends at " + std::to_string(bounds.back()) + ", not at the " +
               std::to_string(tokens) + " tokens of the batch");
  return {};
}

result<void> check_ids(std::span<const std::int32_t> ids, std::size_t limit, const char* name) {
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || static_cast<std::size_t>(ids[i]) >= limit)
      return bad(std::string{name} + "[" + std::to_string(i) + "] is " + std::to_string(ids[i]) +
                 ", not below " + std::to_string(limit));
  return {};
}

} // namespace

std::filesystem::path default_cache_dir() {
  if (const char* chosen = std::getenv("TROUPE_CACHE_DIR")) return chosen;
  for (const auto& [variable, folder] :
       {std::pair{"XDG_CACHE_HOME", "troupe"}, std::pair{"HOME", ".cache/troupe"}})
    if (const char* base = std::getenv(variable); base && *base == '/')
      return std::filesystem::path{base} / folder;
  return {};
}

std::string_view to_string(precision value) {
  switch (value) {
  case precision::fp32:
    return "fp32";
  case precision::bf16:
    return "bf16";
  case precision::int8:
    return "int8";
  case precision::automatic:
    break;
  }
  return "automatic";
}

result<void> check_batch(const packed_batch& batch, const model_config& config) {
  if (auto lengths = check_lengths(batch, config); !lengths) return lengths;
  if (auto ids = check_ids(batch.token_ids, config.vocab_size, "token_ids"); !ids) return ids;
  return check_ids(batch.token_type_ids, config.type_vocab_size, "token_type_ids");
}

result<void> engine::classify(const packed_batch& batch, workspace& scratch,
                              std::span<float> logits, const hidden_observer* observe) const {
  if (auto sound = check_batch(batch, config()); !sound) return sound;
  const auto tokens = batch.token_ids.size();
  if (tokens > scratch.max_tokens())
    return bad(std::to_string(tokens) + " tokens, but the workspace was made for " +
               std::to_string(scratch.max_tokens()));
  if (logits.size() != tokens * config().labels.size())
    return bad("room for " + std::to_string(logits.size()) + " logits, but " +
               std::to_string(tokens) + " tokens have " +
               std::to_string(tokens * config().labels.size()));
  if (tokens == 0) return {};
  return run(batch, scratch, logits, observe);
}

} // namespace troupe::bert
