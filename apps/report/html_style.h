// How the report looks: light and dark as the reader's system is set, on paper, on narrow screens.
#pragma once

namespace poster {

inline constexpr const char* kHtmlStyle = R"(
:root { color-scheme: light dark; --ground: #fff; --ink: #1c222b; --muted: #5a6472; --line: #d9dee5; --soft: #f4f6f9;
  --mark: #fff4d6; --link: #0b5cad; --warn: #b3470b; --warn-ground: #fdf1e7; --note-ground: #eef4fb; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181f; --ink: #e4e8ee; --muted: #9aa5b4; --line: #333b47; --soft: #1c222b; --mark: #3a3216;
    --link: #7db8f5; --warn: #f0a35e; --warn-ground: #2e2115; --note-ground: #18263a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK KR", sans-serif; }
h1, h2, h3, h4 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; margin: .5rem 0; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h4 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .6rem 0; overflow-wrap: anywhere; max-width: 60rem; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .95rem; }
.note, .warning { padding: .5rem .8rem; border-left: 4px solid var(--link); background: var(--note-ground); font-size: .95rem; }
.warning { border-color: var(--warn); background: var(--warn-ground); }
.wide { display: inline-block; vertical-align: top; max-width: 100%; overflow-x: auto; margin: .8rem 2.5rem .8rem 0; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word; max-width: 24rem; }
th { font-weight: 600; }
tbody tr { background: var(--ground); }
tbody th { font-weight: 500; position: sticky; left: 0; background: inherit; min-width: 9rem; }
thead th { background: var(--soft); border-bottom: 2px solid var(--line); vertical-align: bottom; }
.numbers td, .numbers thead th { text-align: right; white-space: nowrap; }
.numbers thead th { white-space: normal; }
.numbers thead th:first-child { text-align: left; }
tbody tr.marked { background: var(--mark); }
pre { margin: .8rem 0; padding: .7rem .9rem; background: var(--soft); border: 1px solid var(--line); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere; font: .88rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
figure { margin: 0; }
.plot { margin: 1rem 0; overflow-x: auto; }
.plot img { display: block; max-width: 100%; height: auto; border-radius: 6px; border: 1px solid var(--line); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem .9rem; margin: 1rem 0; }
.gallery figure { font-size: .82rem; line-height: 1.35; break-inside: avoid; min-width: 0; }
.gallery img, .gallery .gone { display: flex; width: 112px; height: 112px; border-radius: 4px; margin-bottom: .3rem; }
.gallery .gone { align-items: center; justify-content: center; padding: .3rem; text-align: center; color: var(--muted);
  border: 1px dashed var(--line); overflow: hidden; overflow-wrap: anywhere; font-size: .75rem; }
.gallery figcaption span { display: block; overflow-wrap: anywhere; }
.gallery figcaption span:first-child { font-weight: 600; }
.gallery figcaption span:nth-child(n+3) { color: var(--muted); font-size: .92em; }
details { margin: .7rem 0; border: 1px solid var(--line); border-radius: 6px; padding: .1rem .8rem; }
summary { cursor: pointer; padding: .35rem 0; font-size: .95rem; color: var(--link); overflow-wrap: anywhere; }
@media screen and (prefers-color-scheme: dark) {
  .plot img { filter: invert(.9) hue-rotate(180deg); border-color: #ccc; }
}
@media (max-width: 640px) {
  body { padding: .75rem .75rem 3rem; font-size: 15px; }
  th, td { padding: .3rem .5rem; }
  .wide { margin-right: 0; }
  .plot img { max-width: none; width: 560px; }
}
@media print {
  :root { --ground: #fff; --ink: #000; --muted: #444; --line: #bbb; --soft: #f2f2f2; --mark: #fff4d6; --link: #000;
    --warn: #b3470b; --warn-ground: #fff; --note-ground: #fff; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  h2, h3, h4 { break-after: avoid; }
  .plot, pre, tr { break-inside: avoid; }
  .plot img { max-height: 20cm; }
  .wide, .plot { overflow: visible; }
  details::details-content { content-visibility: visible; height: auto; }
}
)";

}  // namespace poster
