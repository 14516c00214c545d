#pragma once

namespace torch_ext::detail {

/// What stands around a report's body. `@TITLE@` and `@BODY@` are put in. The policy forbids the page every address but
/// `data:`.
inline constexpr const char* kReportPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>@TITLE@</title>
<style>
  :root {
    color-scheme: light dark;
    --page: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #5c6878; --line: #e1e5ea; --head: #f0f2f5;
    --k0: #2563c9; --k1: #d9682b; --k2: #2d9a5f; --hit: 37 99 201; --miss: 214 72 43; --strong: #fff;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #12161c; --card: #1a2029; --ink: #e4e9ef; --soft: #93a0b0; --line: #2c3440; --head: #222a35;
      --k0: #6ba1f5; --k1: #f0955c; --k2: #5fc48e; --hit: 74 133 226; --miss: 226 96 66; --strong: #fff;
    }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--page); color: var(--ink);
         font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
  main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 60px; }
  h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -.01em; overflow-wrap: anywhere; }
  h2 { font-size: 17px; margin: 36px 0 12px; }
  h2 small { font-weight: 400; color: var(--soft); font-size: 13px; margin-left: 8px; }
  p.sub { color: var(--soft); margin: 0 0 20px; }
  .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
  .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
  .tile { padding: 12px 16px; }
  .tile span { color: var(--soft); font-size: 12.5px; display: block; }
  .tile b { font-size: 20px; font-weight: 650; letter-spacing: -.02em; white-space: nowrap; font-variant-numeric: tabular-nums; }
  .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 16px; }
  .chart { margin: 0; padding: 12px 14px 8px; position: relative; background: var(--card);
           border: 1px solid var(--line); border-radius: 10px; }
  .chart svg { display: block; width: 100%; height: auto; overflow: visible; touch-action: pan-y; }
  figcaption { margin-bottom: 4px; }
  .key { color: var(--soft); margin-left: 14px; white-space: nowrap; }
  .key::before { content: ""; display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px;
                 vertical-align: middle; background: var(--c); }
  .k0 { --c: var(--k0); } .k1 { --c: var(--k1); } .k2 { --c: var(--k2); }
  svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
  svg text.x { text-anchor: middle; } svg text.y { text-anchor: end; dominant-baseline: central; }
  .grid { stroke: var(--line); }
  .line path { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
  .line circle { fill: var(--c); }
  .band { fill: var(--k0); opacity: .18; }
  .cross { stroke: var(--soft); stroke-dasharray: 3 3; visibility: hidden; }
  .tip { position: absolute; pointer-events: none; visibility: hidden; background: var(--ink); color: var(--card);
         border-radius: 6px; padding: 5px 9px; font-size: 12.5px; white-space: pre; line-height: 1.45;
         font-variant-numeric: tabular-nums; z-index: 2; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { padding: 6px 12px; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
  thead th { background: var(--head); border-top: 0; color: var(--soft); font-weight: 600; font-size: 12.5px; }
  th:first-child, td:first-child { text-align: left; }
  tbody th { font-weight: 500; text-align: left; }
  tbody tr:hover > * { background: color-mix(in srgb, var(--k0) 7%, transparent); }
  tfoot th { font-weight: 500; color: var(--soft); text-align: left; } tfoot td { color: var(--soft); }
  tr.best > * { font-weight: 650; }
  .card > table, .card > .scroll > table { overflow: hidden; }
  .card.scroll, .card > .scroll { border-radius: 10px; }
  th button { all: unset; cursor: pointer; } th button:focus-visible { outline: 2px solid var(--k0); }
  th button::after { content: " ↕"; opacity: .35; }
  th[aria-sort=ascending] button::after { content: " ↑"; opacity: 1; }
  th[aria-sort=descending] button::after { content: " ↓"; opacity: 1; }
  .bar { display: inline-block; width: 56px; height: 6px; border-radius: 3px; background: var(--line);
         margin-left: 10px; vertical-align: middle; overflow: hidden; }
  .bar i { display: block; height: 100%; background: var(--k0); border-radius: 3px; }
  .two { display: grid; grid-template-columns: minmax(0, 1fr) 392px; gap: 16px; align-items: start; }
  .two > * { min-width: 0; }
  .matrix { padding: 14px; overflow-x: auto; }
  .matrix table { width: auto; min-width: 100%; border-collapse: separate; border-spacing: 2px; }
  .matrix th, .matrix td { border: 0; background: none; }
  .matrix thead th { vertical-align: bottom; padding: 4px 2px; text-align: center; }
  .matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); }
  .matrix tbody th { padding: 2px 8px 2px 2px; text-align: right; color: var(--soft); font-weight: 600;
                     font-size: 12.5px; }
  .matrix td { text-align: center; padding: 5px 4px; min-width: 38px; border-radius: 4px; font-size: 12.5px;
               background: rgb(var(--miss) / var(--a, 0)); cursor: default; }
  .matrix td.hit { background: rgb(var(--hit) / var(--a, 0)); }
  .matrix td.strong { color: var(--strong); }
  .matrix td.none { color: var(--soft); opacity: .45; }
  .matrix tbody tr:hover > th { color: var(--ink); }
  .matrix tbody tr:hover > td { background: rgb(var(--miss) / var(--a, 0)); }
  .matrix tbody tr:hover > td.hit { background: rgb(var(--hit) / var(--a, 0)); }
  .matrix td:hover { outline: 2px solid var(--ink); }
  .note { color: var(--soft); font-size: 12.5px; margin: 8px 2px 0; }
  .gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 12px; }
  .gallery figure { margin: 0; padding: 8px 8px 10px; text-align: center; }
  .gallery img { width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 6px; background: #000;
                 image-rendering: pixelated; display: block; }
  .gallery figcaption { margin: 6px 0 0; font-size: 12.5px; line-height: 1.4; overflow-wrap: anywhere; }
  .gallery .wrong { color: rgb(var(--miss)); font-weight: 600; }
  .gallery .right, .gallery .name { color: var(--soft); }
  .gallery .name { font-size: 11.5px; }
  pre { margin: 0; padding: 14px 16px; overflow-x: auto; font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas,
        "DejaVu Sans Mono", monospace; }
  details > summary { cursor: pointer; padding: 10px 16px; font-weight: 600; }
  details[open] > summary { border-bottom: 1px solid var(--line); }
  .env th { color: var(--soft); width: 1%; } .env td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
  .env tr:first-child > * { border-top: 0; }
  @media (max-width: 1000px) { .two { grid-template-columns: minmax(0, 1fr); } }
  @media (max-width: 560px) {
    main { padding: 18px 12px 40px; } h1 { font-size: 22px; }
    th, td { padding: 6px 8px; } .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; }
    .tile { padding: 10px 12px; } .tile b { font-size: 20px; } .bar { display: none; }
    .chart { padding: 10px 6px 6px; } figcaption { padding-left: 6px; } svg text { font-size: 15px; }
    .gallery { grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 8px; }
    .matrix { padding: 8px; } .matrix td { min-width: 32px; padding: 4px 2px; font-size: 11.5px; }
  }
  @media print { body { background: #fff; } .chart, .card { break-inside: avoid; } }
</style>
</head>
<body>
<main>
@BODY@</main>
<script>
'use strict';
for (const chart of document.querySelectorAll('.chart')) {
  const xs = JSON.parse(chart.dataset.x), lines = JSON.parse(chart.dataset.y), share = chart.dataset.share;
  const names = [...chart.querySelectorAll('.key')].map(key => key.textContent);
  const svg = chart.querySelector('svg'), cross = chart.querySelector('.cross'), tip = chart.querySelector('.tip');
  const from = +chart.dataset.from, to = +chart.dataset.to;
  const at = i => xs.length < 2 || xs[xs.length - 1] === xs[0] ? from
                : from + (xs[i] - xs[0]) / (xs[xs.length - 1] - xs[0]) * (to - from);
  const text = y => y === null ? '–' : share ? (100 * y).toFixed(2) + '%'
                  : y.toLocaleString('en', {maximumSignificantDigits: 5});
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect(), scale = 560 / box.width, x = (event.clientX - box.left) * scale;
    let nearest = 0;
    for (let i = 1; i < xs.length; ++i) if (Math.abs(at(i) - x) < Math.abs(at(nearest) - x)) nearest = i;
    cross.setAttribute('x1', at(nearest)); cross.setAttribute('x2', at(nearest));
    cross.style.visibility = tip.style.visibility = 'visible';
    tip.textContent = chart.dataset.name + ' ' + xs[nearest].toLocaleString('en') +
                      lines.map((line, i) => '\n' + names[i] + '  ' + text(line[nearest])).join('');
    const left = box.left - chart.getBoundingClientRect().left + at(nearest) / scale;
    const right = left + 12 + tip.offsetWidth > chart.clientWidth;
    tip.style.left = (right ? Math.max(0, left - 12 - tip.offsetWidth) : left + 12) + 'px';
    tip.style.top = '52px';
  });
  svg.addEventListener('pointerleave', () => cross.style.visibility = tip.style.visibility = 'hidden');
}
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.append(...head.childNodes);
    head.append(button);
    button.onclick = () => {
      const up = head.getAttribute('aria-sort') === 'descending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const value = row => row.cells[column].dataset.v;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const x = value(a), y = value(b);
        return isNaN(x) || isNaN(y) ? x.localeCompare(y, 'en', {numeric: true}) : x - y;
      });
      table.tBodies[0].append(...(up ? rows : rows.reverse()));
    };
  });
}
</script>
</body>
</html>
)html";

}  // namespace torch_ext::detail
