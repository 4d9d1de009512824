#include "kernels/bert/errors.hpp"

#include <string>

namespace troupe::bert {
namespace {

class category final : public std::error_category {
public:
  [[nodiscard]] const char* name() const noexcept override { return "bert"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<bert_errc>(value)) {
    case bert_errc::none:
      return "no error";
    case bert_errc::unreadable_file:
      return "cannot read a file of the model";
    case bert_errc::bad_config:
      return "bad model configuration";
    case bert_errc::bad_safetensors:
      return "bad safetensors file";
    case bert_errc::bad_weights:
      return "weights do not fit the model";
    case bert_errc::unsupported:
      return "model not supported here";
    case bert_errc::bad_batch:
      return "bad batch";
    case bert_errc::engine_failure:
      return "inference engine failed";
    case bert_errc::bad_options:
      return "bad options";
    case bert_errc::bad_text:
      return "text cannot be read by the model";
    case bert_errc::bad_tags:
      return "bad tags";
    case bert_errc::bad_corpus:
      return "bad corpus";
    }
    return "unknown error " + std::to_string(value);
  }
};

} // namespace

const std::error_category& bert_category() noexcept {
  static const category the_category;
  return the_category;
}

} // namespace troupe::bert
