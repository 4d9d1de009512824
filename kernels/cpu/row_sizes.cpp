#include "kernels/cpu/row_sizes.hpp"

#include "kernels/cpu/internal/aligned_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>

namespace troupe::cpu {
namespace {

using tag = dnnl::memory::format_tag;

std::vector<float> random_values(std::size_t count) {
  std::minstd_rand random{20231};
  std::vector<float> values(count);
  for (auto& value : values)
    value = static_cast<float>(random()) * 0x1p-30F - 1.0F;
  return values;
}

/// One product on random weights.
class row_probe {
public:
  row_probe(const dnnl::engine& engine, const matmul& product)
      : engine_{engine}, product_{product}, weight_{product.pack(random_values(product.inputs() *
                                                                               product.outputs()))},
        scratch_{product.scratch_bytes()} {}

  /// The result of one random row if it is the same in each of `rows` places, else nothing.
  std::optional<std::vector<float>> run(std::size_t rows) {
    const auto row = random_values(product_.inputs());
    std::vector<float> plain, out(rows * product_.outputs());
    for (std::size_t i = 0; i < rows; ++i)
      plain.insert(plain.end(), row.begin(), row.end());
    multiply(plain, rows, out);
    const auto width = product_.outputs();
    for (std::size_t i = 1; i < rows; ++i)
      if (std::memcmp(out.data(), out.data() + i * width, width * sizeof(float)) != 0)
        return std::nullopt;
    out.resize(width);
    return out;
  }

private:
  void multiply(std::vector<float>& plain, std::size_t rows, std::vector<float>& out) {
    const dnnl::memory::dims size{static_cast<dnnl::memory::dim>(rows),
                                  static_cast<dnnl::memory::dim>(product_.inputs())};
    dnnl::stream stream{engine_};
    dnnl::memory from{{size, dnnl::memory::data_type::f32, tag::ab}, engine_, plain.data()};
    dnnl::memory in{{size, product_.type(), tag::ab}, engine_};
    dnnl::reorder{from, in}.execute(stream, from, in);
    auto with = product_.prepare(rows, scratch_.data());
    product_.run(stream, rows, with, weight_, in.get_data_handle(), out.data());
    stream.wait();
  }

  const dnnl::engine& engine_;
  const matmul& product_;
  dnnl::memory weight_;
  aligned_buffer<std::byte> scratch_;
};

using outcome = std::vector<std::vector<float>>;

/// What `rows` rows at once make of every product, or nothing when the place of a row matters in
/// one of them.
std::optional<outcome> outcome_of(std::vector<row_probe>& probes, std::size_t rows) {
  outcome results;
  for (auto& probe : probes) {
    auto result = probe.run(rows);
    if (!result) return std::nullopt;
    results.push_back(std::move(*result));
  }
  return results;
}

} // namespace

std::vector<std::size_t> interchangeable_rows(const dnnl::engine& engine,
                                              std::span<const matmul* const> products) {
  std::vector<row_probe> probes;
  for (const auto* product : products)
    probes.emplace_back(engine, *product);
  // The largest sound size leads, because it is the fastest; the others must agree with it. A
  // single row has only one place, so there always is a leader.
  std::vector<std::size_t> agreeing;
  std::optional<outcome> leader;
  for (std::size_t i = std::size(candidate_rows); i-- > 0;) {
    auto results = outcome_of(probes, candidate_rows[i]);
    if (!results || (leader && *results != *leader)) continue;
    agreeing.insert(agreeing.begin(), candidate_rows[i]);
    if (!leader) leader = std::move(results);
  }
  return agreeing;
}

std::size_t next_rows(std::span<const std::size_t> sizes, std::size_t left) {
  const auto at = std::lower_bound(sizes.begin(), sizes.end(), left);
  return at == sizes.end() ? sizes.back() : *at;
}

} // namespace troupe::cpu
