/// How the page looks: light or dark as the reader's system is, on paper light; figures and
/// tables that are too wide scroll in boxes of their own, since type that shrinks with them could not be read.
enum PageStyle {
    static let text = """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --raised: #f6f7f8; --text: #1b1f24; --quiet: #59636e; --line: #d5dae0; --accent: #1d5fa8;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --raised: #1e2226; --text: #e4e7ea; --quiet: #9aa4ae; --line: #363c43; --accent: #7db4f0;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
        header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
        header { padding-top: 32px; }
        h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
        h2 { margin: 48px 0 12px; padding-bottom: 6px; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
        h3 { margin: 28px 0 8px; font-size: 1.02rem; }
        a { color: var(--accent); }
        .kind, .quiet, footer { color: var(--quiet); font-size: .9rem; }
        .kind { margin: 0 0 4px; }
        .about { margin: 10px 0; font-size: 1.12rem; max-width: 70ch; overflow-wrap: anywhere; }
        nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 14px; }
        .findings li { margin: 6px 0; max-width: 80ch; overflow-wrap: anywhere; }
        .axes { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 0; }
        .axes dt { font-family: ui-monospace, monospace; font-size: .9rem; }
        .axes dd { margin: 0; overflow-wrap: anywhere; }
        .notice { padding: 10px 14px; border-left: 3px solid #c98a1b; background: var(--raised); overflow-wrap: anywhere; }
        .scroll { overflow-x: auto; }
        figure { margin: 28px 0; }
        .plot { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; }
        .drawing { position: relative; width: fit-content; margin: 0 auto; }
        .drawing svg { display: block; }
        .dot {
          position: absolute; width: 13px; height: 13px; margin: -6.5px 0 0 -6.5px; border: 2px solid #d4006a;
          border-radius: 50%; pointer-events: none;
        }
        .tip {
          position: fixed; z-index: 2; max-width: min(34ch, 90vw); padding: 6px 10px; border-radius: 5px;
          background: #1b1f24; color: #ffffff; font-size: .85rem; line-height: 1.35; pointer-events: none;
        }
        .pictures { display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start; }
        .pictures figure { margin: 0; max-width: 100%; }
        .pictures img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; border: 1px solid var(--line); }
        figcaption { margin-top: 6px; color: var(--quiet); font-size: .88rem; max-width: 80ch; }
        table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 4px 12px 4px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
        td { white-space: nowrap; }
        td.long { white-space: normal; overflow-wrap: anywhere; min-width: 34ch; max-width: 64ch; }
        th.number, td.number { text-align: right; }
        th { position: sticky; top: 0; background: var(--ground); white-space: nowrap; }
        th button {
          all: unset; cursor: pointer; font-weight: 600; padding: 2px 0;
        }
        th button:focus-visible, summary:focus-visible, button.plain:focus-visible { outline: 2px solid var(--accent); }
        th[aria-sort=ascending] button::after { content: " ▲"; font-size: .7em; }
        th[aria-sort=descending] button::after { content: " ▼"; font-size: .7em; }
        button.plain {
          margin: 8px 10px 4px 0; padding: 4px 10px; border: 1px solid var(--line); border-radius: 5px;
          background: var(--raised); color: inherit; font: inherit; font-size: .85rem; cursor: pointer;
        }
        details { margin: 10px 0; }
        summary { cursor: pointer; color: var(--accent); font-size: .92rem; }
        pre {
          margin: 8px 0; padding: 12px 14px; overflow-x: auto; border-radius: 6px; background: var(--raised);
          font: .86rem/1.5 ui-monospace, monospace;
        }
        footer { margin-top: 56px; padding-bottom: 40px; }
        @media (max-width: 640px) {
          header, main, footer { padding-left: 14px; padding-right: 14px; }
          h1 { font-size: 1.5rem; }
          .axes { grid-template-columns: 1fr; gap: 0; }
          .axes dd { margin-bottom: 10px; }
        }
        @media print {
          :root { --ground: #ffffff; --raised: #f6f7f8; --text: #1b1f24; --quiet: #59636e; --line: #d5dae0; }
          nav, button.plain, .tip, .dot { display: none; }
        }
        """
}
