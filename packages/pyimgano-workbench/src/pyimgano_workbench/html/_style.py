"""The style sheet of the report: light and dark, narrow and wide, screen and paper."""

STYLE = """
:root { color-scheme: light dark; --text: #1d2530; --muted: #566170; --line: #d9dee5; --page: #ffffff;
  --panel: #f5f7f9; --normal: #2f7fb8; --anomalous: #c4561f; --bad: #b3261e; --right: #e3f1ea;
  --wrong: #fbe3dc; --waits: #ebeef2; }
@media screen and (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --muted: #a3aebc; --line: #38414d;
  --page: #14181e; --panel: #1c222a; --normal: #63aee0; --anomalous: #f08a55; --bad: #ff8a80;
  --right: #1d3a2d; --wrong: #4a2820; --waits: #2a323c; } }
@media print { :root { color-scheme: light; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } p { margin: .4rem 0; } .muted { color: var(--muted); }
h1, h2, p, figcaption { overflow-wrap: anywhere; } a { color: inherit; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--muted); font-weight: 600; }
td { font-variant-numeric: tabular-nums; }
.words td, .words th { text-align: left; vertical-align: top; }
.words td:last-child, .images td:first-child { white-space: normal; overflow-wrap: anywhere; }
.words td:last-child { width: 100%; min-width: 11rem; } .images td:first-child { min-width: 9rem; }
.noted th:last-child, .noted td:last-child { text-align: left; color: var(--muted); white-space: normal; }
.noted td:last-child { min-width: 16rem; } .noted td:first-child { white-space: normal; min-width: 9rem; }
.facts td, .facts th { text-align: left; vertical-align: top; }
.facts td + td { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
.cards th { white-space: normal; } .cards tbody th { color: var(--text); overflow-wrap: anywhere; }
.confusion { width: auto; margin: 1.2rem 0 .4rem; }
caption { text-align: left; font-weight: 600; margin-bottom: .25rem; }
.confusion th, .confusion td { padding: .4rem .8rem; border: 1px solid var(--line); text-align: left;
  white-space: normal; } .confusion thead td { border: 0; } .confusion b { font-size: 1.25rem; }
.right { background: var(--right); } .wrong { background: var(--wrong); } .waits { background: var(--waits); }
details { margin: 1.5rem 0; } summary { cursor: pointer; font-weight: 600; } .bad { color: var(--bad); }
figure { margin: 0; break-inside: avoid; }
figcaption { color: var(--muted); font-size: .85rem; line-height: 1.4; margin-top: .25rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: .8rem;
  margin: .5rem 0; }
.chart { padding: .6rem .8rem; background: var(--panel); border-radius: 6px; max-width: 36rem; }
.chart h4 { margin: 0 0 .2rem; font-size: .92rem; }
svg { display: block; width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif;
  fill: var(--muted); font-variant-numeric: tabular-nums; } svg .strong { fill: var(--text);
  paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }
.axis { stroke: var(--muted); fill: none; } .grid { stroke: var(--line); fill: none; }
.mark { stroke: var(--text); stroke-dasharray: 5 3; fill: none; }
.chance { stroke: var(--muted); stroke-dasharray: 2 4; fill: none; }
.curve { stroke: var(--text); stroke-width: 2; fill: none; stroke-linejoin: round; }
.area { fill: var(--normal); fill-opacity: .14; } .dot { fill: var(--anomalous); stroke: var(--panel);
  stroke-width: 1.5; } .band { fill: var(--muted); fill-opacity: .2; }
.bars { fill-opacity: .6; stroke-width: 1; } .bars.normal { fill: var(--normal); stroke: var(--normal); }
.bars.anomalous { fill: var(--anomalous); stroke: var(--anomalous); }
.points { fill: none; stroke-width: 5; stroke-linecap: round; stroke-opacity: .7; }
.points.normal { stroke: var(--normal); } .points.calibration { stroke: var(--anomalous); }
.key { display: inline-block; width: .75rem; height: .75rem; border-radius: 2px; margin: 0 .25rem 0 .5rem; }
.key:first-child { margin-left: 0; } .key.normal { background: var(--normal); }
.key.anomalous, .key.calibration { background: var(--anomalous); }
.key.band { background: var(--muted); opacity: .35; }
.shots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: .8rem;
  margin: .5rem 0; } .shot img { display: block; width: 100%; height: auto; border-radius: 4px; }
.scale { margin-top: .6rem; } .scale rect { shape-rendering: crispEdges; }
@media screen and (max-width: 56rem) {
  .cards thead { display: none; } .cards tr { display: grid; padding: .4rem 0; gap: .1rem 1.2rem;
  border-bottom: 1px solid var(--line); grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }
  .cards th, .cards td { display: flex; justify-content: space-between; gap: .5rem; padding: 0; border: 0;
  white-space: normal; text-align: right; } .cards tbody th { grid-column: 1 / -1; text-align: left; }
  .cards td:empty { display: none; } .cards td::before { content: attr(data-name); color: var(--muted); } }
@media screen and (max-width: 34rem) { body { padding: 1rem .7rem 3rem; } table { font-size: .86rem; }
  th, td { padding: .3rem; } th, td:first-child { white-space: normal; }
  .words td { white-space: normal; } .words td:last-child { min-width: 8rem; }
  .noted td:first-child, .images td:first-child { min-width: 5rem; } .noted td:last-child { min-width: 6rem; }
  .facts td + td { min-width: 5rem; } .confusion th, .confusion td { padding: .3rem .4rem; }
  .cards tr { grid-template-columns: 1fr 1fr; } .cards td:first-of-type { grid-column: 1 / -1; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } h2, h3 { break-after: avoid; }
  h3 + p { break-after: avoid; } tr, svg, .chart, .shot, .confusion { break-inside: avoid; }
  .charts, .shots { grid-template-columns: 1fr 1fr; } .scroll { overflow: visible; }
  table { font-size: 9.5pt; } th, td:first-child, .words td { white-space: normal; }
  .key, .confusion td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; height: auto; } }
"""
