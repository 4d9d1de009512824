// What every engine gets from its base and from the registry: checked batches, and a choice that explains itself.
#include "kernels/bert/engine_registry.hpp"
#include "kernels/bert/errors.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace troupe;
using ids = std::vector<std::int32_t>;
using bounds = std::vector<std::uint32_t>;

bert::model_config engine_config() {
  bert::model_config config;
  config.vocab_size = 10;
  config.type_vocab_size = 2;
  config.max_positions = 4;
  config.labels = {"O", "X"};
  return config;
}

struct bad_batch {
  const char* what;
  ids token_ids, type_ids;
  bounds cu_seqlens;
};

const bad_batch bad_batches[] = {
    {"id too large", {1, 10}, {0, 0}, {0, 2}},
    {"id negative", {-1, 1}, {0, 0}, {0, 2}},
    {"id at the other end", {1, 2147483647}, {0, 0}, {0, 2}},
    {"type too large", {1, 2}, {0, 2}, {0, 2}},
    {"type negative", {1, 2}, {-7, 0}, {0, 2}},
    {"fewer types than tokens", {1, 2}, {0}, {0, 2}},
    {"no bounds", {1, 2}, {0, 0}, {}},
    {"bounds do not start at 0", {1, 2}, {0, 0}, {1, 2}},
    {"bounds end early", {1, 2}, {0, 0}, {0, 1}},
    {"bounds end late", {1, 2}, {0, 0}, {0, 3}},
    {"only one bound", {1, 2}, {0, 0}, {0}},
    {"bounds fall", {1, 2, 3}, {0, 0, 0}, {0, 3, 2, 3}},
    {"an empty sequence", {1, 2}, {0, 0}, {0, 1, 1, 2}},
    {"too long", {1, 2, 3, 4, 5}, {0, 0, 0, 0, 0}, {0, 5}},
    {"bounds that wrap", {1, 2}, {0, 0}, {0, 4294967295U, 2}},
};

class fixed_workspace final : public bert::workspace {
public:
  [[nodiscard]] std::size_t max_tokens() const override { return 6; }
};

/// Counts how often a batch came through the checks.
class counting_engine final : public bert::engine {
public:
  [[nodiscard]] const bert::model_config& config() const override { return config_; }
  [[nodiscard]] bert::precision used_precision() const override { return bert::precision::fp32; }
  [[nodiscard]] std::string name() const override { return "counting"; }
  [[nodiscard]] result<std::unique_ptr<bert::workspace>>
  make_workspace(std::size_t) const override {
    return std::make_unique<fixed_workspace>();
  }
  mutable int runs = 0;

private:
  [[nodiscard]] result<void> run(const bert::packed_batch&, bert::workspace&, std::span<float>,
                                 const bert::hidden_observer*) const override {
    ++runs;
    return {};
  }
  bert::model_config config_ = engine_config();
};

struct with_engine {
  counting_engine engine;
  fixed_workspace scratch;

  result<void> classify(const ids& tokens, const bounds& cu_seqlens, std::size_t logits) {
    const ids types(tokens.size(), 0);
    std::vector<float> out(logits);
    return engine.classify({tokens, types, cu_seqlens}, scratch, out);
  }
};

BOOST_FIXTURE_TEST_SUITE(bert_engine, with_engine)

BOOST_AUTO_TEST_CASE(bad_batches_are_refused) {
  for (const auto& [what, token_ids, type_ids, cu_seqlens] : bad_batches) {
    BOOST_TEST_CONTEXT(what) {
      std::vector<float> logits(token_ids.size() * 2);
      const auto done = engine.classify({token_ids, type_ids, cu_seqlens}, scratch, logits);
      BOOST_REQUIRE(!done);
      BOOST_TEST(done.error().code == bert::bert_errc::bad_batch);
      BOOST_TEST(!done.error().context.empty());
    }
  }
  BOOST_TEST(engine.runs == 0);
}

BOOST_AUTO_TEST_CASE(buffers_must_fit) {
  BOOST_TEST(classify({1, 2}, {0, 2}, 4).has_value());
  BOOST_TEST(!classify({1, 2}, {0, 2}, 3));
  BOOST_TEST(!classify({1, 2}, {0, 2}, 5));
  BOOST_TEST(classify({1, 2, 3, 4, 5, 6}, {0, 3, 6}, 12).has_value());
  BOOST_TEST(!classify({1, 2, 3, 4, 5, 6, 7}, {0, 3, 7}, 14));
  BOOST_TEST(engine.runs == 2);
}

BOOST_AUTO_TEST_CASE(an_empty_batch_is_no_work) {
  BOOST_TEST(classify({}, {}, 0).has_value());
  BOOST_TEST(classify({}, {0}, 0).has_value());
  BOOST_TEST(engine.runs == 0);
}

bert::engine_factory factory(const char* device, const char* objection) {
  return {device,
          [=](auto&, auto&) -> result<void> {
            if (objection) return fail(bert::bert_errc::unsupported, objection);
            return {};
          },
          [=](auto&, auto&) -> result<std::shared_ptr<const bert::engine>> {
            return fail(bert::bert_errc::engine_failure, std::string{"chose "} + device);
          }};
}

/// What happens with an engine that objects and one that does not; loading fails on purpose before any file is read.
std::string choice(const std::string& device, const char* first, const char* second) {
  const test::temporary_folder folder;
  test::write_file(folder.path() / "config.json", R"({"num_labels": 2})");
  const std::vector<bert::engine_factory> all{factory("fast", first), factory("slow", second)};
  bert::engine_options options;
  options.device = device;
  const auto loaded = bert::load_engine(folder.path(), options, all);
  return loaded ? "loaded" : loaded.error().message();
}

BOOST_AUTO_TEST_CASE(the_registry_explains_itself) {
  const auto none = choice("auto", "no such chip", "no memory");
  BOOST_TEST(none.find("fast: no such chip") != std::string::npos);
  BOOST_TEST(none.find("slow: no memory") != std::string::npos);
  BOOST_TEST(choice("slow", nullptr, "no memory").find("no memory") != std::string::npos);
  const auto unknown = choice("quantum", nullptr, nullptr);
  BOOST_TEST(unknown.find("quantum") != std::string::npos);
  BOOST_TEST(unknown.find("slow") != std::string::npos);
  // Chosen, and stopped by the missing weights only then.
  BOOST_TEST(choice("auto", "no such chip", nullptr).find("model.safetensors") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
