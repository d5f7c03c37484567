/// The page's script: it sorts tables, saves them as CSV, and shows values under the pointer. It reads the element
/// `data` and loads nothing.
enum PageScript {
    static let text = tables + figures

    private static let tables = #"""
        "use strict";
        const data = JSON.parse(document.getElementById("data").textContent);
        const firstRows = 60;

        function make(name, properties, ...children) {
          const element = Object.assign(document.createElement(name), properties);
          element.append(...children);
          return element;
        }

        function shown(value) {
          if (value === null) return "–";
          if (typeof value !== "number") return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) + "…" : value;
          return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
        }

        // Whatever cannot be compared goes last, whichever way the column is sorted.
        function order(a, b, way) {
          if (a === null || b === null) return (a === null) - (b === null);
          if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
          return a < b ? -way : a > b ? way : 0;
        }

        function save(name, table) {
          const cell = value => {
            const text = value === null ? "" : String(value);
            return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
          };
          const lines = [table.columns, ...table.rows].map(row => row.map(cell).join(",") + "\n");
          const link = make("a", {
            href: URL.createObjectURL(new Blob(lines, {type: "text/csv"})), download: name + ".csv"
          });
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 1000);
        }

        function build(box) {
          const name = box.dataset.table;
          const table = data.tables[name];
          const numeric = table.columns.map((_, column) => table.rows.some(row => typeof row[column] === "number"));
          let rows = table.rows, sorted = null, way = 1, limit = firstRows;
          const body = make("tbody");
          const headers = table.columns.map((column, index) => {
            const button = make("button", {type: "button", textContent: column});
            const header = make("th", {scope: "col", className: numeric[index] ? "number" : ""}, button);
            button.addEventListener("click", () => {
              way = sorted === index ? -way : 1;
              sorted = index;
              rows = [...table.rows].sort((a, b) => order(a[index], b[index], way));
              headers.forEach(other => other.removeAttribute("aria-sort"));
              header.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
              fill();
            });
            return header;
          });
          const more = make("button", {type: "button", className: "plain"});
          more.addEventListener("click", () => { limit = Infinity; fill(); });
          const csv = make("button", {type: "button", className: "plain", textContent: "Save as CSV"});
          csv.addEventListener("click", () => save(name, table));
          function fill() {
            body.replaceChildren(...rows.slice(0, limit).map(row => make("tr", {}, ...row.map((value, index) => {
              const text = shown(value);
              const kind = numeric[index] ? "number" : text.length > 40 ? "long" : "";
              const cell = make("td", {textContent: text, className: kind});
              if (value !== null && String(value) !== text) cell.title = String(value);
              return cell;
            }))));
            more.hidden = rows.length <= limit;
            more.textContent = `Show all ${rows.length} rows`;
          }
          fill();
          box.replaceChildren(
            make("div", {className: "scroll"}, make("table", {}, make("thead", {}, make("tr", {}, ...headers)), body)),
            more, csv);
        }

        document.querySelectorAll("[data-table]").forEach(box => {
          // Data behind a figure becomes a table when somebody looks at it.
          const fold = box.closest("details");
          if (!fold) return build(box);
          fold.addEventListener("toggle", () => { if (!box.firstChild) build(box); });
        });

        """#

    private static let figures = #"""
        const tip = make("div", {className: "tip", hidden: true});
        document.body.append(tip);

        function watch(drawing) {
          const figure = data.figures[drawing.dataset.figure];
          const dot = make("div", {className: "dot", hidden: true});
          drawing.append(dot);
          const hide = () => { tip.hidden = dot.hidden = true; };
          const show = event => {
            const box = drawing.getBoundingClientRect();
            const scale = box.width / figure.width;
            const x = (event.clientX - box.left) / scale, y = (event.clientY - box.top) / scale;
            let nearest = null, least = 40 * 40 / (scale * scale);
            for (const value of figure.values) {
              const distance = (value[0] - x) ** 2 + (value[1] - y) ** 2;
              if (distance < least) [nearest, least] = [value, distance];
            }
            if (!nearest) return hide();
            dot.style.left = nearest[0] * scale + "px";
            dot.style.top = nearest[1] * scale + "px";
            tip.textContent = nearest[2];
            tip.hidden = dot.hidden = false;
            const left = box.left + nearest[0] * scale + 14, top = box.top + nearest[1] * scale + 14;
            tip.style.left = Math.max(4, Math.min(left, innerWidth - tip.offsetWidth - 8)) + "px";
            tip.style.top = Math.max(4, top + tip.offsetHeight > innerHeight ? top - tip.offsetHeight - 28 : top) + "px";
          };
          drawing.addEventListener("pointermove", show);
          drawing.addEventListener("pointerdown", show);
          drawing.addEventListener("pointerleave", hide);
          addEventListener("scroll", hide, {passive: true});
        }

        document.querySelectorAll("[data-figure]").forEach(watch);
        """#
}
