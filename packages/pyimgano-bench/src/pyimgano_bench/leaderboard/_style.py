"""The style sheet of the leaderboard: light and dark, narrow and wide, screen and paper."""

STYLE = """
:root { color-scheme: light dark; --text: #1d2530; --muted: #566170; --line: #d9dee5; --page: #ffffff;
  --panel: #f5f7f9; --front: #2f7fb8; --behind: #c4561f; --bad: #b3261e; }
@media screen and (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --muted: #a3aebc; --line: #38414d;
  --page: #14181e; --panel: #1c222a; --front: #63aee0; --behind: #f08a55; --bad: #ff8a80; } }
@media print { :root { color-scheme: light; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } p { margin: .4rem 0; } ul { padding-left: 1.2rem; }
.muted { color: var(--muted); } .bad { color: var(--bad); }
.trial { border: 2px solid var(--bad); border-radius: 6px; padding: .5rem .8rem; color: var(--bad);
  font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap;
  vertical-align: top; overflow-wrap: normal; }
thead th { color: var(--muted); font-weight: 600; } tbody th { font-weight: 400; }
th:first-child { text-align: left; } td { font-variant-numeric: tabular-nums; }
td small { font-size: .88em; }
.ranking thead th { white-space: normal; }
.ranking th:nth-child(2) { text-align: left; } .ranking td:nth-child(2) { text-align: left; }
.words td, .words th { text-align: left; } .words tbody th { white-space: normal; min-width: 6rem; }
.words td { white-space: normal; min-width: 6.5rem; } .words td:last-child { min-width: 9rem;
  overflow-wrap: anywhere; } .facts td:last-child { width: 100%; }
.wide td { white-space: normal; min-width: 6rem; } .wide thead th { white-space: normal; min-width: 6rem; }
td[colspan] { text-align: left; white-space: normal; overflow-wrap: anywhere; }
details { margin: .6rem 0; } summary { cursor: pointer; font-weight: 600; }
figure { margin: .8rem 0; break-inside: avoid; max-width: 44rem; padding: .6rem .8rem;
  background: var(--panel); border-radius: 6px; }
figcaption { color: var(--muted); font-size: .88rem; line-height: 1.4; margin-top: .4rem; }
svg { display: block; width: 100%; height: auto; } svg text { font: 13px system-ui, sans-serif;
  fill: var(--muted); font-variant-numeric: tabular-nums; } svg .name { fill: var(--text);
  paint-order: stroke; stroke: var(--panel); stroke-width: 3px; } svg .name.front { font-weight: 600; }
.axis { stroke: var(--muted); fill: none; } .grid { stroke: var(--line); fill: none; }
.line { stroke: var(--front); stroke-width: 2; fill: none; }
.bar { fill: none; stroke-width: 1.5; stroke-opacity: .65; } .bar.front { stroke: var(--front); }
.bar.behind { stroke: var(--behind); } circle.front { fill: var(--front); }
circle.behind { fill: var(--panel); stroke: var(--behind); stroke-width: 2; }
@media screen and (max-width: 34rem) { body { padding: 1rem .7rem 3rem; } table { font-size: .86rem; }
  th, td { padding: .3rem; } tbody th:first-child { white-space: normal; min-width: 5rem; }
  .ranking tbody th:first-child { min-width: 0; } svg text { font-size: 17px; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } h2, h3 { break-after: avoid; }
  tr, svg, figure { break-inside: avoid; } .scroll { overflow: visible; } table { font-size: 8.5pt; }
  th, td { white-space: normal; padding: .2rem .3rem; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""
