"""The style sheet of the report: light and dark, narrow and wide, screen and paper."""

STYLE = """
:root { color-scheme: light dark; --text: #1d2530; --muted: #5d6876; --line: #d9dee5; --page: #ffffff;
  --panel: #f5f7f9; --normal: #2f7fb8; --anomalous: #d2622a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --muted: #9aa5b4; --line: #38414d;
  --page: #14181e; --panel: #1c222a; --normal: #63aee0; --anomalous: #f08a55; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } p { margin: .4rem 0; } .muted { color: var(--muted); }
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
details { margin: 1.5rem 0; } summary { cursor: pointer; font-weight: 600; } .bad { color: var(--bad); }
svg { width: 100%; min-width: 36rem; height: auto; background: var(--panel); border-radius: 6px; }
code { font-size: .85rem; overflow-wrap: anywhere; }
@media print { body { max-width: none; } h2 { break-before: auto; } table, svg { break-inside: avoid; } }
"""
