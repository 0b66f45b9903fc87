"""The style sheet of the report: light and dark, narrow and wide, screen and paper."""

STYLE = """
:root { color-scheme: light dark; --text: #1d2530; --muted: #5d6876; --line: #d9dee5; --page: #ffffff;
  --panel: #f5f7f9; --train: #2f7fb8; --normal: #3d9c72; --anomalous: #d2622a;
  --error: #b3261e; --warning: #8f5b00; --info: #2f6f9f; --ok: #2b7a4b; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --muted: #9aa5b4; --line: #38414d;
  --page: #14181e; --panel: #1c222a; --train: #63aee0; --normal: #6ecb9f; --anomalous: #f08a55;
  --error: #ff8a80; --warning: #efb75a; --info: #7dbbe8; --ok: #7fd3a1; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; } p { margin: .4rem 0; } .muted { color: var(--muted); }
a { color: inherit; } code { font-size: .88em; }
.error { --tone: var(--error); } .warning { --tone: var(--warning); } .info { --tone: var(--info); }
.ok { --tone: var(--ok); } .tone { color: var(--tone); font-weight: 600; }
.verdict { margin: 1rem 0; padding: .8rem 1rem; background: var(--panel); border-radius: 6px;
  border-left: 5px solid var(--tone); font-size: 1.1rem; font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .6rem; }
.tile { padding: .6rem .8rem; background: var(--panel); border-radius: 6px; color: var(--muted);
  font-size: .85rem; line-height: 1.35; }
.tile b { display: block; font-size: 1.5rem; color: var(--tone, var(--text));
  font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; width: 100%; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top;
  white-space: nowrap; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
th { color: var(--muted); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
td:first-child, td:last-child { white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
th:last-child, td:last-child { text-align: left; }
.rules td, .rules th { text-align: left; }
.rules td:nth-child(3), .rules th:nth-child(3) { text-align: right; }
.rules td:last-child { min-width: 8rem; width: 30%; } .rules td { min-width: 0; }
.bar { display: block; height: .75rem; margin-top: .35rem; border-radius: 2px; background: var(--tone);
  opacity: .75; min-width: 2px; }
.found { margin: .8rem 0; padding: .6rem 1rem; border: 1px solid var(--line);
  border-left: 5px solid var(--tone); border-radius: 6px; }
summary { cursor: pointer; font-weight: 600; }
.found summary .count { color: var(--muted); font-weight: 400; }
.messages { margin: .6rem 0; padding: .5rem .8rem .5rem 1.6rem; background: var(--panel); border-radius: 6px;
  font-size: .88rem; } .messages li { margin: .2rem 0; } .place { color: var(--muted); }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .7rem;
  margin: .8rem 0 .4rem; }
figure { margin: 0; break-inside: avoid; } figure.pair { grid-column: span 2; }
.shots { display: flex; gap: 4px; } .shot { flex: 1; display: flex; aspect-ratio: 1; padding: .4rem;
  min-width: 0; background: var(--panel); border: 1px solid var(--line); border-radius: 4px;
  align-items: center; justify-content: center; text-align: center; color: var(--muted);
  font-size: .75rem; line-height: 1.3; overflow: hidden; }
.shot.shown { padding: 0; } .shot img { width: 100%; height: 100%; object-fit: contain; }
figcaption { color: var(--muted); font-size: .75rem; line-height: 1.3; margin-top: .2rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: .8rem;
  margin: .4rem 0 1.4rem; }
.chart { padding: .6rem .8rem; background: var(--panel); border-radius: 6px; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; }
.kind { display: inline-block; margin-right: .9rem; }
.key { display: inline-block; width: .75rem; height: .75rem; border-radius: 2px; margin-right: .3rem; }
@media (max-width: 34rem) { body { padding: 1rem .7rem 3rem; } th, td { padding: .3rem .4rem; }
  thead { display: none; } tr { display: flex; flex-wrap: wrap; gap: .1rem .9rem; padding: .4rem 0;
    border-bottom: 1px solid var(--line); }
  td, .rules td { border: 0; padding: 0; min-width: 0; text-align: left; }
  td::before { content: attr(data-title) " "; color: var(--muted); } td br { display: none; }
  td:first-child, .rules td:last-child { flex: 1 0 100%; width: auto; font-weight: 600; }
  td:first-child::before, .rules td::before { content: none; } .bar { height: .4rem; margin: .1rem 0; }
  .found { padding: .5rem .7rem; }
  .tiles { grid-template-columns: repeat(3, 1fr); } .pictures { grid-template-columns: repeat(2, 1fr); } }
@media print { body { max-width: none; padding: 0; } tr, .tile, .messages li { break-inside: avoid; }
  .verdict, .tile, .shot, .bar, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; height: auto; } }
"""
