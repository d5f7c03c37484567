/// How the served page looks: light or dark as the reader's system is; on a phone everything stands in one column, and what
/// is wide scrolls in boxes of its own.
enum ServedStyle {
    static let text = """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --raised: #f4f6f8; --text: #1b1f24; --quiet: #59636e; --line: #d5dae0; --accent: #1d5fa8;
          --good: #2f7d4f; --bad: #b3372f;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --raised: #1e2226; --text: #e4e7ea; --quiet: #9aa4ae; --line: #363c43; --accent: #7db4f0;
            --good: #6cc48f; --bad: #f08a80;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
        header, main, footer { max-width: 1360px; margin: 0 auto; padding: 0 16px; }
        header { padding-top: 12px; }
        footer { margin-top: 40px; padding-bottom: 24px; color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
        .bar { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; }
        .grow { flex: 1 1 auto; min-width: 0; }
        .skip { position: absolute; left: -999px; }
        .skip:focus { left: 8px; top: 8px; background: var(--ground); padding: 4px 8px; z-index: 3; }
        .quiet { color: var(--quiet); font-size: .88rem; overflow-wrap: anywhere; }
        .notice {
          padding: 10px 14px; border-left: 3px solid #c98a1b; background: var(--raised); white-space: pre-wrap;
          overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .85rem;
        }
        h2 { margin: 22px 0 8px; font-size: 1.1rem; }
        select, input, button { font: inherit; color: inherit; }
        select, input[type=text] {
          max-width: 100%; padding: 4px 8px; background: var(--ground); border: 1px solid var(--line); border-radius: 5px;
        }
        button {
          padding: 4px 10px; background: var(--raised); border: 1px solid var(--line); border-radius: 5px; cursor: pointer;
        }
        button:disabled { opacity: .5; cursor: default; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        a { color: var(--accent); }
        nav { display: flex; flex-wrap: wrap; gap: 2px; margin: 10px 0 14px; border-bottom: 1px solid var(--line); }
        nav a { padding: 5px 11px; text-decoration: none; border-radius: 5px 5px 0 0; }
        nav a[aria-current] { background: var(--raised); color: var(--text); font-weight: 600; box-shadow: inset 0 -2px var(--accent); }
        progress { width: min(260px, 60vw); height: 9px; vertical-align: middle; accent-color: var(--accent); }
        .controls { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: flex-end; margin-bottom: 10px; }
        .controls label { display: flex; flex-direction: column; gap: 2px; font-size: .85rem; color: var(--quiet); max-width: 100%; }
        .controls label > * { color: var(--text); }
        .controls .wide { flex: 1 1 280px; min-width: 0; }
        .controls .wide input { width: 100%; }
        .controls .plain { flex-direction: row; align-items: center; gap: 6px; }
        .controls output { font-variant-numeric: tabular-nums; font-weight: 600; }
        .controls input[type=range] { width: 220px; max-width: 80vw; accent-color: var(--accent); }
        .sides { display: grid; grid-template-columns: minmax(0, 1fr); gap: 20px; }
        @media (min-width: 900px) { .sides { grid-template-columns: minmax(0, 1fr) minmax(0, 400px); } }
        .scroll { overflow-x: auto; max-width: 100%; }
        .chart { display: block; max-width: none; }
        .chart text { font: 12px system-ui, sans-serif; }
        .chart [role=gridcell] { cursor: pointer; }
        .chart [role=gridcell]:focus { outline: none; }
        .fits { max-width: 100%; height: auto; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 8px 0; padding: 0; list-style: none; font-size: .88rem; }
        .legend svg { vertical-align: -2px; margin-right: 5px; }
        .actions { display: flex; flex-wrap: wrap; gap: 6px 8px; margin: 8px 0; align-items: center; }
        table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 3px 12px 3px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap; }
        td.long { white-space: normal; overflow-wrap: anywhere; min-width: 28ch; max-width: 60ch; }
        th.number, td.number { text-align: right; }
        th button { all: unset; cursor: pointer; font-weight: 600; }
        th button:focus-visible { outline: 2px solid var(--accent); }
        th[aria-sort=ascending] button::after { content: " ▲"; font-size: .7em; }
        th[aria-sort=descending] button::after { content: " ▼"; font-size: .7em; }
        tr.differs td:first-child { font-weight: 600; box-shadow: inset 3px 0 var(--accent); padding-left: 8px; }
        .failed { color: var(--bad); }
        .succeeded { color: var(--good); }
        details { margin: 8px 0; }
        summary { cursor: pointer; }
        pre.command {
          margin: 0; padding: 7px 10px; background: var(--raised); border-radius: 5px; white-space: pre-wrap;
          overflow-wrap: anywhere; font: .84rem/1.45 ui-monospace, monospace; flex: 1 1 300px; min-width: 0;
        }
        .command-line { display: flex; flex-wrap: wrap; gap: 6px; align-items: flex-start; margin: 5px 0; }
        .pictures { display: flex; flex-wrap: wrap; gap: 14px; }
        .picture { margin: 8px 0; max-width: 100%; }
        .picture img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; border: 1px solid var(--line); background: var(--raised); }
        .paper { background: #ffffff; border: 1px solid var(--line); border-radius: 5px; }
        figcaption { color: var(--quiet); font-size: .85rem; }
        dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px; margin: 8px 0; font-size: .9rem; }
        dl.facts dt { color: var(--quiet); }
        dl.facts dd { margin: 0; overflow-wrap: anywhere; }
        .tip {
          position: fixed; z-index: 2; max-width: min(40ch, 90vw); padding: 5px 9px; border-radius: 5px; background: #1b1f24;
          color: #ffffff; font-size: .85rem; pointer-events: none; white-space: pre-line;
        }
        """
}
