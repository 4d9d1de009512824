#include "actors/agents/report_parts.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace troupe::agents {
namespace {

// Colours are triples, so that one variable serves as ink, tint and line. Text on a tint keeps the page's ink; text on a
// full colour (`--on`) has a contrast of 4.5 or more in both modes.
constexpr std::string_view style = R"css(
:root{color-scheme:light dark;
--paper:#f6f6f3;--card:#fff;--ink:#1b1e24;--soft:#565d68;--line:#dfe0dc;--rule:#ecece8;--on:#fff;
--accent:31 95 191;--ok:26 116 66;--bad:186 30 44;--busy:31 95 191;--wait:104 112 124;
--k0:31 95 191;--k1:168 75 0;--k2:11 114 104;--k3:122 61 184;--k4:176 42 111;
--k5:58 118 24;--k6:70 80 200;--k7:125 90 18;--k8:15 111 143;--k9:83 96 110;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{
--paper:#0f1216;--card:#171b21;--ink:#e8eaee;--soft:#a3abb8;--line:#2c323b;--rule:#232830;--on:#0c0f13;
--accent:122 170 255;--ok:92 205 140;--bad:255 125 130;--busy:122 170 255;--wait:150 160 175;
--k0:122 170 255;--k1:255 166 87;--k2:76 207 190;--k3:200 150 255;--k4:255 133 190;
--k5:140 210 105;--k6:160 165 255;--k7:222 184 110;--k8:92 200 235;--k9:165 178 192}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);line-height:1.5;
font:400 1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main,header.top,footer{max-width:70rem;margin:0 auto;padding:0 clamp(1rem,4vw,2rem)}
header.top{padding-top:clamp(1.5rem,5vw,3rem)}
h1{font-size:clamp(1.6rem,1.2rem + 2vw,2.4rem);line-height:1.15;letter-spacing:-.02em;margin:.1em 0 .6em;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:1.3rem;letter-spacing:-.01em;margin:3rem 0 1rem}
h3{font-size:1rem;margin:0}
p{margin:.5rem 0}
a{color:rgb(var(--accent));text-underline-offset:.18em;text-decoration-thickness:.06em}
a:focus-visible,[tabindex]:focus-visible{outline:2px solid rgb(var(--accent));outline-offset:2px;border-radius:3px}
code,.mono{font-family:var(--mono);font-size:.9em;overflow-wrap:anywhere}
.brand{margin:0;color:var(--soft);font-size:.8rem;font-weight:600;letter-spacing:.09em;text-transform:uppercase}
.soft{color:var(--soft)}
.note{color:var(--soft);font-size:.9rem}
.cut{border-left:3px solid rgb(var(--k1));padding:.4rem .8rem;background:rgb(var(--k1)/.1);border-radius:0 6px 6px 0;font-size:.9rem}
.facts{display:flex;flex-wrap:wrap;gap:.9rem 2.4rem;margin:0}
.facts dt{color:var(--soft);font-size:.8rem}
.facts dd{margin:0;font-weight:550;overflow-wrap:anywhere}
.pill{display:inline-flex;align-items:center;gap:.4em;border-radius:99px;padding:.08em .7em .08em .35em;font-weight:600;font-size:.92em;color:rgb(var(--c));background:rgb(var(--c)/.12)}
.pill svg,.legend svg,td svg{width:1em;height:1em;flex:none;vertical-align:-.12em}
.ok{--c:var(--ok)}.bad{--c:var(--bad)}.busy{--c:var(--busy)}.wait{--c:var(--wait)}
.k0{--c:var(--k0)}.k1{--c:var(--k1)}.k2{--c:var(--k2)}.k3{--c:var(--k3)}.k4{--c:var(--k4)}
.k5{--c:var(--k5)}.k6{--c:var(--k6)}.k7{--c:var(--k7)}.k8{--c:var(--k8)}.k9{--c:var(--k9)}
.tiles{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(9.5rem,100%),1fr));gap:.8rem;margin:2rem 0 0;padding:0}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.9rem 1.1rem}
.tiles b{display:block;font-size:1.9rem;line-height:1.15;letter-spacing:-.02em;font-weight:650;font-variant-numeric:tabular-nums}
.tiles span{display:block}
.tiles .soft{font-size:.85rem}
nav.jump{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;margin:1.4rem 0 0;padding:.7rem 0;border-block:1px solid var(--line);font-size:.95rem}
nav.jump a{text-decoration:none}nav.jump a:hover{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.2rem;margin:0 0 1rem;min-width:0}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1rem;align-items:start}
.pair .card{margin:0}
.scroll{overflow:auto;max-width:100%;-webkit-overflow-scrolling:touch}
.tall{max-height:42rem}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:650;padding-bottom:.5rem}
th,td{text-align:left;padding:.4rem .9rem .4rem 0;border-top:1px solid var(--rule);vertical-align:baseline}
thead td{border-top:0}thead th{border-top:0;color:var(--soft);font-weight:500;font-size:.83rem;white-space:nowrap}
th.n,td.n{text-align:right;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
tbody th{font-weight:500}
td.bar{width:30%;min-width:4.5rem}
td.bar i{display:block;height:.55rem;border-radius:3px;background:rgb(var(--c));min-width:3px}
.values{color:var(--soft);overflow-wrap:anywhere;min-width:8rem}
.chip{display:inline-block;border-radius:5px;padding:.05em .5em;font:600 .8em/1.6 var(--mono);white-space:nowrap;color:var(--on);background:rgb(var(--c))}
.chip.r{color:var(--paper);background:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:.45rem .9rem;align-items:center;font-size:.88rem;margin:.2rem 0 1rem;padding:0;list-style:none}
.legend li{display:inline-flex;align-items:center;gap:.4rem}
svg text{font-family:inherit;fill:var(--ink)}
svg .soft{fill:var(--soft)}
.graph{display:block;margin:0 auto;max-width:100%;height:auto}
.graph .box{fill:var(--paper);stroke:var(--line)}
.graph .edge{fill:none;stroke:var(--soft);stroke-width:1.4;opacity:.75}
.graph .head{fill:var(--soft)}
.graph .count{fill:var(--card);stroke:var(--line)}
.icon .disc{fill:rgb(var(--c))}.icon .ring{fill:none;stroke:rgb(var(--c));stroke-width:1.6}
.icon .sign{fill:none;stroke:var(--on);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.icon .signc{fill:none;stroke:rgb(var(--c));stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.time{display:block;width:100%;min-width:46rem;height:auto}
.time .grid{stroke:var(--rule)}
.time .span{fill:rgb(var(--c)/.85)}
.time .open{fill:rgb(var(--c)/.28);stroke:rgb(var(--c));stroke-dasharray:4 3}
.time .phase,.legend .phase{fill:rgb(var(--c)/.85)}
.time .chain{fill:var(--rule)}
.time .bound{stroke:rgb(var(--bad));stroke-width:1.6;stroke-dasharray:5 3}
.time .band{fill:var(--rule);opacity:.55}
.doc{margin:0 0 1.2rem;content-visibility:auto;contain-intrinsic-size:auto 22rem}
.doc header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.2rem 1rem;align-items:baseline;border-bottom:1px solid var(--rule);padding-bottom:.6rem;margin-bottom:.8rem}
.doc h3,td.name,th.name{overflow-wrap:anywhere}
th.name{min-width:9rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;line-height:1.85;max-width:46rem;tab-size:4}
mark{color:inherit;background:none}
mark.e{background:rgb(var(--c)/.15);border-bottom:2px solid rgb(var(--c));border-radius:4px 4px 0 0;padding:.08em .12em .08em .25em;-webkit-box-decoration-break:clone;box-decoration-break:clone}
mark .tag{display:inline-block;margin-inline-start:.35em;padding:0 .4em;border-radius:4px;font:600 .68em/1.55 var(--mono);vertical-align:.12em;color:var(--on);background:rgb(var(--c));unicode-bidi:isolate;-webkit-user-select:none;user-select:none}
mark.r{border-radius:5px;padding:.1em .4em;font:600 .84em/1.5 var(--mono);color:var(--paper);background:var(--ink);-webkit-box-decoration-break:clone;box-decoration-break:clone}
mark.v{border-radius:4px;padding:.08em .12em .08em .25em;background:repeating-linear-gradient(135deg,rgb(var(--wait)/.3) 0 4px,rgb(var(--wait)/.12) 4px 8px);border-bottom:2px solid var(--ink);-webkit-box-decoration-break:clone;box-decoration-break:clone}
mark.v .tag{color:var(--paper);background:var(--ink)}
.failure{border-left:3px solid rgb(var(--bad));padding:.3rem .8rem;margin:.5rem 0;overflow-wrap:anywhere}
details{margin-top:.8rem}summary{cursor:pointer;color:rgb(var(--accent))}
.up{font-size:.85rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.3rem .8rem}
footer{padding-block:2.5rem 3rem;color:var(--soft);font-size:.85rem}
@media (max-width:34rem){.facts{display:grid;grid-template-columns:1fr 1fr;gap:.8rem 1rem}.facts .wide{grid-column:1/-1}
.tiles{grid-template-columns:1fr 1fr}.tiles li{padding:.7rem .9rem}.tiles b{font-size:1.5rem}
.card{padding:.9rem 1rem}td.bar,thead td{display:none}table{font-size:.87rem}thead th{font-size:.78rem}th,td{padding-right:.55rem}.values{min-width:0}th.name{min-width:6.5rem}h2{margin-top:2.2rem}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--rule:#ddd}
body{font-size:10.5pt}nav.jump,.up,.skip{display:none}.scroll,.tall{overflow:visible;max-height:none}
.card{break-inside:auto;border-color:#bbb}.doc{content-visibility:visible}h2,h3,.doc header{break-after:avoid}tr,.tiles li{break-inside:avoid}
.time{min-width:0}.graph{max-width:100%;height:auto}
mark,.chip,td.bar i,.pill,svg{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

constexpr std::array<std::string_view, 10> classes{"k0", "k1", "k2", "k3", "k4",
                                                   "k5", "k6", "k7", "k8", "k9"};

} // namespace

std::string_view report_style() {
  return style;
}

label_colours::label_colours(const label_counts& labels) {
  // Far apart in hue, also for the colour-blind, so they stay the same on every report.
  const std::map<std::string, std::size_t> known{{"PER", 0}, {"LOC", 2}, {"ORG", 3}, {"MISC", 1}};
  std::set<std::size_t> used;
  for (const auto& [label, count] : labels)
    if (const auto found = known.find(label); found != known.end()) {
      colours_.insert(*found);
      used.insert(found->second);
    }
  std::size_t next = 0;
  for (const auto& [label, count] : labels) {
    if (colours_.contains(label)) continue;
    while (used.size() < classes.size() && used.contains(next % classes.size()))
      ++next;
    used.insert(next % classes.size());
    colours_.emplace(label, next++ % classes.size());
  }
}

std::string_view label_colours::of(const std::string& label) const {
  const auto found = colours_.find(label);
  return classes.at(found == colours_.end() ? classes.size() - 1 : found->second);
}

std::string_view status_class(report_status status) {
  switch (status) {
  case report_status::completed:
    return "ok";
  case report_status::failed:
    return "bad";
  case report_status::running:
  case report_status::backing_off:
    return "busy";
  case report_status::pending:
  case report_status::skipped:
  case report_status::cancelled:
    break;
  }
  return "wait";
}

std::string status_icon(report_status status) {
  const auto icon = [&](std::string_view shapes) {
    return "<g class=\"icon " + std::string{status_class(status)} + "\">" + std::string{shapes} +
           "</g>";
  };
  switch (status) {
  case report_status::completed:
    return icon(R"(<circle class="disc" r="8"/><path class="sign" d="M-3.6 .3l2.5 2.6 4.8-5.4"/>)");
  case report_status::failed:
    return icon(R"(<circle class="disc" r="8"/><path class="sign" d="M-3-3l6 6M3-3l-6 6"/>)");
  case report_status::running:
    return icon(R"(<circle class="ring" r="7"/><path class="signc" d="M-2-3.2v6.4l5-3.2z"/>)");
  case report_status::backing_off:
    return icon(R"(<circle class="ring" r="7"/><path class="signc" d="M0-4v4l3 2"/>)");
  case report_status::skipped:
    return icon(
        R"(<circle class="ring" r="7"/><path class="signc" d="M-3.5-2.5l2.5 2.5-2.5 2.5M.5-2.5l2.5 2.5-2.5 2.5"/>)");
  case report_status::cancelled:
    return icon(R"(<circle class="ring" r="7"/><path class="signc" d="M-2.5-2.5h5v5h-5z"/>)");
  case report_status::pending:
    break;
  }
  return icon(R"(<circle class="ring" r="7" stroke-dasharray="3 2.5"/>)");
}

} // namespace troupe::agents
