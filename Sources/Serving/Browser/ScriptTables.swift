extension ServedScript {
    /// Numbers and tables, and what is saved of them.
    static let tables = #"""
        function shown(value) {
          if (value === null || value === undefined) return "–";
          if (typeof value !== "number") return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 8) : String(value);
          if (Number.isInteger(value)) return String(value);
          return String(Number(value.toPrecision(4)));
        }

        function save(name, type, text) {
          const link = make("a", {href: URL.createObjectURL(new Blob([text], {type})), download: name});
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 1000);
        }

        // A spreadsheet would take a text that begins as a formula for one.
        function csvCell(value) {
          if (value === null || value === undefined) return "";
          let text = String(value);
          if (typeof value === "string" && /^[\s]*[=+\-@]/.test(text) && !Number.isFinite(Number(text))) text = "'" + text;
          return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
        }

        function csv(table) {
          return [table.columns, ...table.rows].map(row => row.map(csvCell).join(",") + "\n").join("");
        }

        function csvButton(table, name) {
          return button("Save CSV", () => save(`${answer.sweep.name}-${name}.csv`.replaceAll("/", "-"), "text/csv", csv(table)));
        }

        function tableOf(table, options = {}) {
          const {first, sorted, sort, marks, hidden = []} = options;
          const columns = table.columns.map((name, index) => ({name, index})).filter(column => !hidden.includes(column.name));
          const numeric = columns.map(column => table.rows.some(row => typeof row[column.index] === "number"));
          const head = columns.map((column, place) => {
            const header = make("th", {scope: "col", className: numeric[place] ? "number" : ""});
            if (!sort) header.textContent = column.name;
            else {
              const isUp = sorted === column.name, isDown = sorted === column.name + ":desc";
              if (isUp || isDown) header.setAttribute("aria-sort", isUp ? "ascending" : "descending");
              header.append(button(column.name, () => sort(isUp ? column.name + ":desc" : isDown ? "" : column.name)));
            }
            return header;
          });
          const body = table.rows.map((row, number) => {
            const cells = columns.map((column, place) => {
              const value = row[column.index], text = shown(value);
              const cell = make("td", {textContent: text, className: numeric[place] ? "number" : text.length > 48 ? "long" : ""});
              if (column.name === "state") cell.classList.add(text);
              if (value !== null && String(value) !== text) cell.title = String(value);
              return cell;
            });
            const made = make("tr", {}, ...(first ? [make("td", {}, first(row, number))] : []), ...cells);
            if (marks && marks(row)) made.className = "differs";
            return made;
          });
          const lead = first ? [make("th", {scope: "col", textContent: options.firstTitle || ""})] : [];
          return make("div", {className: "scroll", tabIndex: 0, role: "region", ariaLabel: options.label || table.name},
            make("table", {}, make("thead", {}, make("tr", {}, ...lead, ...head)), make("tbody", {}, ...body)));
        }

        // The numbers of a drawing, for who does not see it and for who wants them.
        let openNumbers = false;
        function numbers(table, name) {
          const box = make("details", {open: openNumbers}, make("summary", {textContent: `Numbers (${table.rows.length} row${table.rows.length === 1 ? "" : "s"})`}));
          const fill = () => {
            if (box.open && !box.querySelector("table")) {
              const some = {...table, rows: table.rows.slice(0, 500)};
              box.append(tableOf(some, {label: name}));
              if (table.rows.length > 500) box.append(make("p", {className: "quiet", textContent: "The first 500 rows; the CSV has all."}));
            }
          };
          box.addEventListener("toggle", () => { openNumbers = box.open; fill(); });
          fill();
          return box;
        }

        function picture(digest, title) {
          const image = make("img", {src: base + "picture/" + digest, alt: title});
          // A small picture is shown a whole number of times as large.
          image.addEventListener("load", () => {
            const times = Math.max(1, Math.min(4, Math.floor(380 / image.naturalWidth)));
            image.width = image.naturalWidth * times;
          });
          image.addEventListener("error", () => { image.replaceWith("The picture is not in the store here, or damaged."); });
          return make("figure", {className: "picture"}, image, make("figcaption", {textContent: title}));
        }

        const tip = make("div", {className: "tip", hidden: true});
        document.body.append(tip);
        function showTip(event, text) {
          tip.textContent = text;
          tip.hidden = false;
          tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)) + "px";
          const below = event.clientY + 16;
          tip.style.top = Math.max(4, below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : below) + "px";
        }
        const hideTip = () => { tip.hidden = true; };
        addEventListener("scroll", hideTip, {passive: true});

        """#
}
