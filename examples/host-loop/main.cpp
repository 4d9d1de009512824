// A host with a main loop and threads of its own, and a troupe node inside: a shop that is told on standard input what
// to do. Everything is printed by the loop's thread; what troupe's threads have to say is handed back to it.
//
//   example_host_loop STORE_FILE
//     price ITEM    asks an agent and goes on; prints the answer when it comes
//     order ITEM    runs a workflow and prints its events as they are committed
//   Ctrl-C ends it. An order that is not done by then goes on at the next start.

#include "actors/node.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/inputs.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "event_loop.hpp"
#include "shop/v1/shop.pb.h"

#include <iostream>
#include <map>
#include <thread>

namespace shop {
namespace {

using namespace shop::v1;

// -- the host's agents -----------------------------------------------------------------------------------------------

troupe::reply<PriceReply> look_up(const PriceRequest& request, const troupe::call_context&) {
  static const std::map<std::string, std::uint32_t> prices{
      {"apple", 45}, {"bread", 320}, {"cheese", 780}};
  const auto found = prices.find(request.item());
  if (found == prices.end())
    return tl::unexpected(
        troupe::failure{"shop.unknown_item", "the shop has no " + request.item(), false});
  PriceReply reply;
  reply.set_item(request.item());
  reply.set_cents(found->second);
  return reply;
}

// One receipt book per key, written by one request at a time.
class receipt_book {
public:
  troupe::reply<ReceiptReply> write(const ReceiptRequest& request, const troupe::call_context&) {
    ReceiptReply reply;
    reply.set_text("receipt " + std::to_string(++written_) + ": " + request.item() + ", " +
                   std::to_string(request.cents()) + " cents");
    return reply;
  }

private:
  int written_ = 0;
};

constexpr const char* order_yaml = R"(
name: order
version: "1"
inputs:
  item: { type: string }
steps:
  price: { agent: shop.price, input: { item: "${inputs.item}" } }
  receipt: { agent: shop.receipt, input: { item: "${inputs.item}", cents: "${steps.price.cents}" } }
)";

// -- the host --------------------------------------------------------------------------------------------------------

class shop_window {
public:
  shop_window(event_loop& loop, troupe::node& node) : loop_(loop), node_(node) {}

  /// Agents first: a definition is checked against them, and runs of the store need them.
  troupe::result<void> open() {
    auto& agents = node_.agents();
    if (auto added = agents.add(
            troupe::typed_agent<PriceRequest, PriceReply>("shop.price", "Knows prices", look_up));
        !added)
      return added;
    if (auto added =
            agents.add(troupe::stateful_agent<receipt_book>("shop.receipt", "Writes receipts")
                           .on(&receipt_book::write)
                           .build());
        !added)
      return added;
    node_.workflows().subscribe([this](const std::string& run, const troupe::v1::Event& event) {
      loop_.post([run, event] { follow(run, event); });
    });
    const auto recovered = node_.workflows().recover();
    if (!recovered) return tl::unexpected(recovered.error());
    for (const auto& run : recovered->runs)
      std::cout << "order " << run << " goes on\n";
    return {};
  }

  /// On the loop's thread, like everything here but `audit`.
  void obey(const std::string& line) {
    const auto space = line.find(' ');
    const std::string verb = line.substr(0, space),
                      item = space == std::string::npos ? "" : line.substr(space + 1);
    if (verb == "price")
      ask_price(item);
    else if (verb == "order")
      order(item);
    else
      std::cout << "what is '" << line << "'? Say: price ITEM, or order ITEM\n" << std::flush;
  }

  /// A thread of the host may simply wait for an answer; the loop's must not.
  void audit() {
    PriceRequest request;
    request.set_item("bread");
    const auto answer = troupe::expect_reply<PriceReply>(node_.agents().request_and_wait(
        {"shop.price"}, troupe::share(request), {.timeout = std::chrono::seconds{5}}));
    loop_.post([answer] {
      std::cout << "audit: " << (answer ? (*answer)->item() : answer.error().message)
                << " is known\n"
                << std::flush;
    });
  }

private:
  using price_answer = troupe::reply<std::shared_ptr<const PriceReply>>;

  void ask_price(const std::string& item) {
    PriceRequest request;
    request.set_item(item);
    node_.agents().request({"shop.price"}, troupe::share(request), {},
                           troupe::typed_then<PriceReply>(loop_.hand_back([](price_answer answer) {
                             if (answer)
                               std::cout << (*answer)->item() << " costs " << (*answer)->cents()
                                         << '\n';
                             else
                               std::cout << answer.error().type << ": " << answer.error().message
                                         << '\n';
                             std::cout << std::flush;
                           })));
  }

  void order(const std::string& item) {
    const auto definition =
        troupe::workflow::load_definition(order_yaml, "order.yaml", node_.agents());
    if (!definition) return complain(troupe::workflow::to_string(definition.error()));
    const auto inputs = troupe::workflow::parse_inputs(**definition, std::vector{"item=" + item});
    if (!inputs) return complain(inputs.error().message());
    if (const auto run = node_.workflows().submit(*definition, *inputs); !run)
      complain(run.error().message());
  }

  static void follow(const std::string& run, const troupe::v1::Event& event) {
    if (event.has_step_completed()) {
      std::cout << "order " << run << ": " << event.step_completed().attempt().step() << " done\n";
      if (ReceiptReply receipt; event.step_completed().reply().UnpackTo(&receipt))
        std::cout << receipt.text() << '\n';
    } else if (event.has_run_completed()) {
      std::cout << "order " << run << ": complete\n";
    } else if (event.has_run_failed()) {
      std::cout << "order " << run << ": " << event.run_failed().failure().message() << '\n';
    }
    std::cout << std::flush;
  }

  static void complain(const std::string& why) {
    std::cout << "sorry: " << why << '\n' << std::flush;
  }

  event_loop& loop_;
  troupe::node& node_;
};

int serve(const std::string& store_file) {
  // The loop first: it lives longer than the node, whose threads post to it until they are joined.
  event_loop loop;
  auto store = troupe::workflow::open_sqlite_store(store_file);
  if (!store) return std::cerr << store.error().message() << '\n', 1;
  auto node = troupe::node::start({}, std::move(*store));
  if (!node) return std::cerr << node.error().message() << '\n', 1;
  shop_window window{loop, **node};
  if (const auto open = window.open(); !open) return std::cerr << open.error().message() << '\n', 1;
  std::thread auditor{[&window] { window.audit(); }};
  std::cout << "open\n" << std::flush;

  loop.run([&window](const std::string& line) { window.obey(line); });

  std::cout << "closing\n" << std::flush;
  (*node)->stop();   // nothing is asked any more; every answer has been given when this returns,
  auditor.join();    // to threads that waited, too,
  loop.run_posted(); // and those that were handed back are still told to the user.
  std::cout << "closed\n";
  return 0;
}

} // namespace
} // namespace shop

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: example_host_loop STORE_FILE\n";
    return 2;
  }
  return shop::serve(argv[1]);
}
