#pragma once

namespace torch_ext::detail {

/// The page of `to_html`: a layered drawing in SVG. `@TITLE@` and `@GRAPH@` are put in.
///
/// Each open frame is drawn as a column of what is in it, in the order of the calls; boxes without a path between them
/// stand side by side: a box's row is one below the lowest row of its sources within the frame.
inline constexpr const char* kGraphPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>@TITLE@</title>
<style>
  html, body { margin: 0; height: 100%; overflow: hidden; font: 13px sans-serif; background: #fafafa; color: #222; }
  svg { width: 100%; height: 100%; cursor: grab; }
  svg:active { cursor: grabbing; }
  .frame > rect { fill: #3b6ea5; fill-opacity: .06; stroke: #9db7d3; }
  .title { cursor: pointer; font-weight: 600; fill: #2d5580; }
  .box rect { fill: #fff; stroke: #7a8b99; }
  .box.operation rect { fill: #f3f0e6; stroke: #b8ab83; }
  .box.closed rect { fill: #dfe9f4; stroke: #3b6ea5; cursor: pointer; }
  .box text { pointer-events: none; }
  .shape { fill: #667; font-size: 11px; }
  .edge { fill: none; stroke: #8a97a5; stroke-width: 1.3; }
  .lit { stroke: #d2691e; stroke-width: 2.5; }
  #bar { position: fixed; top: 8px; left: 8px; background: #fffd; padding: 6px 10px; border: 1px solid #ccd;
         border-radius: 6px; }
  #bar button { margin-left: 6px; }
  #tip { position: fixed; bottom: 8px; left: 8px; background: #fffd; padding: 6px 10px; border: 1px solid #ccd;
         border-radius: 6px; white-space: pre; }
</style>
</head>
<body>
<svg id="svg"><defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0 8 4 0 8z" fill="#8a97a5"/></marker></defs><g id="view"></g></svg>
<div id="bar"><b>@TITLE@</b><button id="open">open all</button><button id="close">close all</button><button
 id="fit">fit</button></div>
<div id="tip">wheel: zoom, drag: move, click on a frame's title or a blue box: close or open it</div>
<script>
const graph = @GRAPH@;
const nodes = graph.nodes, inner = nodes.map(() => []), outermost = [];
nodes.forEach((node, i) => (node.parent < 0 ? outermost : inner[node.parent]).push(i));
const depth = i => nodes[i].parent < 0 ? 0 : depth(nodes[i].parent) + 1;
nodes.forEach((node, i) => node.closed = !node.leaf && depth(i) >= 2);

const SPACE = 26, PAD = 14, TITLE = 22, BOX = 38;
const svg = document.getElementById('svg'), view = document.getElementById('view');
const tip = document.getElementById('tip'), hint = tip.textContent;
const shape = (name, attributes, parent, text) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
};
// The node that stands for node `i` in the picture: itself, or the outermost closed frame around it.
const shown = i => {
  let result = i;
  for (let at = i; at >= 0; at = nodes[at].parent) if (nodes[at].closed) result = at;
  return result;
};
// The member of `frame` (-1: the page) that holds node `i`, or -1.
const member = (i, frame) => {
  while (i >= 0 && nodes[i].parent !== frame) i = nodes[i].parent;
  return i;
};
const leaves = i => nodes[i].leaf ? [i] : inner[i].flatMap(leaves);

function layout(members, frame) {
  const row = new Map(), rows = [];
  for (const i of members) {
    let level = 0;
    for (const leaf of leaves(i)) for (const source of nodes[leaf].sources) {
      const before = member(source, frame);
      if (before >= 0 && before !== i && row.has(before)) level = Math.max(level, row.get(before) + 1);
    }
    row.set(i, level);
    (rows[level] ??= []).push(i);
  }
  let y = 0, width = 0;
  for (const line of rows) {
    let x = 0, height = 0;
    for (const i of line) {
      const node = nodes[i];
      if (node.leaf || node.closed) {
        node.w = Math.max(70, 8 * Math.max(node.label.length, node.out.length * .85) + 16);
        node.h = BOX;
      } else {
        const size = layout(inner[i], i);
        node.w = Math.max(size.w + 2 * PAD, 8 * node.label.length + 24);
        node.h = size.h + TITLE + 2 * PAD;
      }
      node.x = x; node.y = y;
      x += node.w + SPACE;
      height = Math.max(height, node.h);
    }
    line.width = x - SPACE;
    width = Math.max(width, line.width);
    y += height + SPACE;
  }
  for (const line of rows) for (const i of line) nodes[i].x += (width - line.width) / 2;
  return {w: width, h: y - SPACE};
}

function place(members, x, y) {
  for (const i of members) {
    const node = nodes[i];
    node.x += x; node.y += y;
    if (!node.leaf && !node.closed) {
      const width = Math.max(...inner[i].map(j => nodes[j].x + nodes[j].w), 0);
      place(inner[i], node.x + (node.w - width) / 2, node.y + TITLE + PAD);
    }
  }
}

function about(node) {
  const where = node.operation ? node.path : (node.path || 'the model');
  return `${where}\nin ${node.in}\nout ${node.out}` + (node.macs ? `\n${node.macs.toLocaleString('en')} MACs` : '');
}

function toggle(i) { nodes[i].closed = !nodes[i].closed; draw(); }

function drawNode(i) {
  const node = nodes[i], open = !node.leaf && !node.closed;
  const kind = open ? 'frame' : 'box' + (node.operation ? ' operation' : '') + (node.closed ? ' closed' : '');
  const group = shape('g', {class: kind}, view);
  const box = shape('rect', {x: node.x, y: node.y, width: node.w, height: node.h, rx: 6}, group);
  if (open) {
    shape('text', {x: node.x + 10, y: node.y + 17, class: 'title'}, group, '− ' + node.label).onclick = () => toggle(i);
    inner[i].forEach(drawNode);
  } else {
    boxes.push(i);
    const middle = node.x + node.w / 2;
    shape('text', {x: middle, y: node.y + 16, 'text-anchor': 'middle'}, group, (node.closed ? '+ ' : '') + node.label);
    shape('text', {x: middle, y: node.y + 31, 'text-anchor': 'middle', class: 'shape'}, group, node.out);
    if (node.closed) box.onclick = () => toggle(i);
  }
  group.onmouseover = event => {
    event.stopPropagation();
    tip.textContent = about(node);
    light(open ? -2 : i);
  };
}

function light(i) {
  document.querySelectorAll('.edge').forEach(edge =>
    edge.classList.toggle('lit', edge.dataset.from == i || edge.dataset.to == i));
}

function drawEdge(from, to, drawn) {
  const a = from < 0 ? -1 : shown(from), b = to < 0 ? -2 : shown(to), key = a + ' ' + b;
  if (a === b || drawn.has(key)) return;
  drawn.add(key);
  const x1 = a < 0 ? ends.x : nodes[a].x + nodes[a].w / 2, y1 = a < 0 ? ends.top : nodes[a].y + nodes[a].h;
  const x2 = b < 0 ? ends.x : nodes[b].x + nodes[b].w / 2, y2 = b < 0 ? ends.bottom : nodes[b].y;
  // An arrow that would cross boxes goes around them.
  const crossed = boxes.filter(i => i !== a && i !== b && nodes[i].y >= y1 && nodes[i].y < y2 &&
                                    nodes[i].x < Math.max(x1, x2) && nodes[i].x + nodes[i].w > Math.min(x1, x2));
  const right = Math.max(...crossed.map(i => nodes[i].x + nodes[i].w));
  const bow = (right + 20 - Math.max(x1, x2)) * 4 / 3;
  const path = crossed.length ? `M${x1} ${y1}C${x1 + bow} ${y1 + 40} ${x2 + bow} ${y2 - 40} ${x2} ${y2}`
                   : `M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`;
  const edge = shape('path', {d: path, class: 'edge', 'marker-end': 'url(#arrow)'}, view);
  edge.dataset.from = a; edge.dataset.to = b;
}

let ends, size, boxes;
function draw() {
  view.replaceChildren();
  boxes = [];
  size = layout(outermost, -1);
  place(outermost, 0, 50);
  ends = {x: size.w / 2, top: 22, bottom: size.h + 78};
  shape('text', {x: ends.x, y: 16, 'text-anchor': 'middle'}, view, 'input');
  shape('text', {x: ends.x, y: ends.bottom + 16, 'text-anchor': 'middle'}, view, 'output');
  outermost.forEach(drawNode);
  const drawn = new Set();
  nodes.forEach((node, i) => node.sources.forEach(source => drawEdge(source, i, drawn)));
  graph.results.forEach(source => drawEdge(source, -2, drawn));
}

let scale = 1, left = 0, top_ = 0;
function move() { view.setAttribute('transform', `translate(${left} ${top_}) scale(${scale})`); }
function fit() {
  const w = svg.clientWidth, h = svg.clientHeight;
  scale = Math.min(1.5, w / (size.w + 40), h / (size.h + 140));
  left = (w - size.w * scale) / 2; top_ = 10;
  move();
}
svg.addEventListener('wheel', event => {
  event.preventDefault();
  const by = Math.exp(-event.deltaY * .0015);
  left = event.clientX - (event.clientX - left) * by;
  top_ = event.clientY - (event.clientY - top_) * by;
  scale *= by;
  move();
}, {passive: false});
svg.addEventListener('pointermove', event => {
  if (!(event.buttons & 1)) return;
  left += event.movementX; top_ += event.movementY;
  move();
});
svg.onmouseover = () => { tip.textContent = hint; light(-3); };
const all = closed => { nodes.forEach((node, i) => node.closed = closed && !node.leaf && depth(i) > 0); draw(); fit(); };
document.getElementById('open').onclick = () => all(false);
document.getElementById('close').onclick = () => all(true);
document.getElementById('fit').onclick = fit;
draw();
fit();
</script>
</body>
</html>
)html";

}  // namespace torch_ext::detail
