"""The looks of the HTML report: light and dark, on a narrow screen and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f6f6f4; --card: #ffffff; --ink: #1f2328; --faint: #5d6570; --line: #dfe1e5; --wash: #f0f1f3;
  --error: #b3261e; --error-wash: #fdeceb; --warning: #8a5800; --warning-wash: #fff4de;
  --info: #2559a8; --info-wash: #eaf1fb; --good: #1d6b3a; --good-wash: #e7f5ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --card: #1e2125; --ink: #e8eaed; --faint: #a3abb6; --line: #343940; --wash: #282c31;
    --error: #ff8a80; --error-wash: #43211f; --warning: #f2bd5c; --warning-wash: #3b2f18;
    --info: #8fb8f6; --info-wash: #1d2d45; --good: #79d29a; --good-wash: #1a3525;
  }
  figure img { filter: brightness(0.9); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 21px; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 17px; line-height: 1.35; margin: 6px 0 0; overflow-wrap: anywhere; }
p { margin: 0; }
a { color: inherit; }
code { font: 0.92em ui-monospace, monospace; overflow-wrap: anywhere; }
.faint { color: var(--faint); }
.verdict { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; margin: 0 0 4px; }
.chip { display: inline-block; border-radius: 999px; padding: 1px 11px; font-size: 14px; font-weight: 600; }
.error { color: var(--error); background: var(--error-wash); }
.warning { color: var(--warning); background: var(--warning-wash); }
.info { color: var(--info); background: var(--info-wash); }
.good { color: var(--good); background: var(--good-wash); }
.open { color: var(--faint); background: var(--wash); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px; margin: 20px 0 28px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 10px 16px; }
.tile { color: var(--faint); }
.tile strong { color: var(--ink); display: block; font-size: 26px; line-height: 1.3; }
.tile strong { font-variant-numeric: tabular-nums; }
.tile.error strong { color: var(--error); } .tile.warning strong { color: var(--warning); }
.tile.good strong { color: var(--good); }
.tile.error, .tile.warning, .tile.good { background: var(--card); color: var(--faint); }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; vertical-align: top; padding: 7px 12px; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 500; font-size: 14px; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td { overflow-wrap: anywhere; }
.sheet { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 0 0 28px; }
.sheet { overflow-x: auto; }
.garment { margin: 36px 0 0; }
.head { display: flex; gap: 18px; align-items: center; margin: 0 0 14px; }
.head img { height: 84px; border-radius: 10px; border: 1px solid var(--line); }
.finding { background: var(--card); border: 1px solid var(--line); border-radius: 14px; margin: 0 0 16px; }
.finding { padding: 16px 20px 18px; break-inside: avoid; border-left-width: 5px; }
.finding.error { background: var(--card); border-left-color: var(--error); color: inherit; }
.finding.warning { background: var(--card); border-left-color: var(--warning); color: inherit; }
.finding.info { background: var(--card); border-left-color: var(--info); color: inherit; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 14px; margin: 14px 0 4px; }
figure { margin: 0; max-width: 560px; }
figure img { display: block; width: 100%; height: auto; border-radius: 9px; border: 1px solid var(--line); }
figcaption { color: var(--faint); font-size: 14px; padding: 5px 2px 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 14px; margin: 10px 0 0; font-size: 15px; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--wash); border-radius: 9px; padding: 10px 14px; margin: 12px 0 0; white-space: pre-wrap; }
pre { font: 14px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
@media (min-width: 900px) {
  .beside { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 28px; align-items: start; }
  .beside dl { margin-top: 14px; }
}
details { margin: 0 0 10px; } summary { cursor: pointer; color: var(--faint); padding: 4px 0; }
details .sheet { margin: 6px 0 14px; }
footer { color: var(--faint); font-size: 14px; margin: 40px 0 0; border-top: 1px solid var(--line); padding: 14px 0 0; }
@media (max-width: 560px) {
  main { padding: 18px 12px 40px; } dl { grid-template-columns: 1fr; } dd { margin: 0 0 6px; }
  .finding { padding: 12px 14px 14px; } th, td { padding: 6px 8px; }
}
@media print {
  :root {
    color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --faint: #444; --line: #bbb; --wash: #f3f3f3;
    --error: #b3261e; --warning: #8a5800; --info: #2559a8; --good: #1d6b3a;
  }
  body { font-size: 12px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; } figure img { filter: none; max-height: 9cm; width: auto; max-width: 100%; }
  .pictures { grid-template-columns: 1fr 1fr; }
  .beside .pictures { grid-template-columns: 1fr; } h2 { break-after: avoid; }
}
"""
