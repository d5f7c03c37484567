extension ServedScript {
    /// Trials side by side, figures, hosts and failures.
    static let others = #"""
        // Measures that somebody has opened stay so.
        const openMeasures = new Set();

        // A measure's numbers, folded: of many measures nobody reads all.
        function measureRows(view, differ) {
          const rowsOf = new Map();
          for (const row of view.numbers.rows) {
            const name = row[0].split(".")[0];
            rowsOf.set(name, [...(rowsOf.get(name) || []), row]);
          }
          return [...rowsOf].map(([name, rows]) => {
            const differing = rows.filter(differ).length;
            const words = `${name}: ${rows.length} number${rows.length === 1 ? "" : "s"}` + (view.trials.length > 1 ? `, ${differing || "none"} differing` : "");
            const box = make("details", {open: openMeasures.has(name)}, make("summary", {textContent: words}), tableOf({...view.numbers, rows}, {label: name, marks: differ}));
            box.addEventListener("toggle", () => openMeasures[box.open ? "add" : "delete"](name));
            return box;
          });
        }

        renderers.compare = {
          asks: () => ["compare", new URLSearchParams({trials: state.trials.join(",")})],
          render(view, sweep) {
            controls([sweep.name, state.trials], () => [make("div", {className: "controls"},
              field("Trials by their IDs", state.trials.join(", "), "such as 3f2a91bc, 77e0c1d2", text => go({trials: text.split(/[,\s]+/).filter(id => id)})))]);
            if (!view.trials.length) {
              return element("content").replaceChildren(make("p", {textContent: "No trial is chosen. Choose some on the map, on the parallel axes, or among the trials."}));
            }
            const differ = row => new Set(row.slice(1).map(value => JSON.stringify(value))).size > 1;
            const only = state.all !== "1" && view.trials.length > 1;
            const part = table => ({...table, rows: table.rows.filter(row => !only || differ(row))});
            const settings = part(view.settings), facts = part(view.facts);
            const names = [...new Set(view.trials.flatMap(trial => trial.pictures.map(one => one.measure + ": " + one.name)))];
            const pictures = names.map(name => make("section", {}, make("h2", {textContent: name.replace(/\.png$/, "")}),
              make("div", {className: "pictures"}, ...view.trials.map(trial => {
                const found = trial.pictures.find(one => one.measure + ": " + one.name === name);
                return found ? picture(found.digest, trial.point || trial.trial.slice(0, 8)) : null;
              }))));
            const whole = {columns: view.facts.columns, rows: [...view.facts.rows, ...view.settings.rows, ...view.numbers.rows]};
            element("content").replaceChildren(
              make("ul", {}, ...view.trials.map(trial => make("li", {}, `${trial.trial.slice(0, 8)}  ${trial.point} `,
                button("Leave out", () => go({trials: state.trials.filter(id => !trial.trial.startsWith(id))}))))),
              make("h2", {textContent: only ? "What became of them, where it differs" : "What became of them"}),
              facts.rows.length ? tableOf(facts, {label: "What became of them"}) : make("p", {className: "quiet", textContent: "The same."}),
              make("h2", {textContent: only ? "Settings that differ" : "Settings"}),
              settings.rows.length ? tableOf(settings, {label: "Settings", marks: row => !only && differ(row)}) : make("p", {className: "quiet", textContent: "None."}),
              make("div", {className: "actions"}, button(only ? "Show all" : "Show what differs", () => go({all: only ? "1" : null}, true), {hidden: view.trials.length < 2}), csvButton(whole, "side-by-side")),
              make("h2", {textContent: "Measurements"}), ...(view.numbers.rows.length ? measureRows(view, differ) : [make("p", {className: "quiet", textContent: "None yet."})]),
              ...pictures);
          }
        };

        renderers.figures = {
          isCostly: true,
          asks: () => ["figures", new URLSearchParams(state.draw ? {draw: "1"} : {})],
          render(view, sweep) {
            controls([sweep.name], () => []);
            const again = button("Results came since: draw anew", () => load(), {id: "again", hidden: true});
            if (view.isLarge) {
              return element("content").replaceChildren(make("p", {textContent: "To draw the figures of so many trials takes a while, and a processor."}), button("Draw them", () => go({draw: "1"}, true)));
            }
            element("content").replaceChildren(again,
              ...(view.problem ? [make("p", {className: "notice", textContent: view.problem})] : []),
              make("ul", {}, ...view.sentences.map(text => make("li", {textContent: text}))),
              ...view.figures.map(figure => {
                const path = `${base}figure/${figure.name}?${new URLSearchParams({sweep: sweep.name, drawing: view.drawing})}`;
                const save = make("a", {href: path, download: `${sweep.name}-${figure.name}.svg`, textContent: "Save SVG"});
                return make("section", {}, make("h2", {textContent: figure.name}),
                  figure.isDrawn ? make("div", {className: "paper scroll"}, make("img", {src: path, alt: figure.name, className: "fits", width: figure.width, height: figure.height})) : null,
                  make("div", {className: "actions"}, figure.isDrawn ? save : null, csvButton(figure.table, figure.name)), numbers(figure.table, figure.name));
              }));
          }
        };

        renderers.notes = {
          asks: () => ["notes", new URLSearchParams()],
          render(view, sweep) {
            controls([sweep.name], () => []);
            element("content").replaceChildren(
              make("dl", {className: "facts"}, make("dt", {textContent: "The sweep's note"}), make("dd", {textContent: view.note || "–"}),
                make("dt", {textContent: "its tags"}), make("dd", {textContent: view.tags || "–"})),
              make("h2", {textContent: "Of its trials"}),
              view.table.rows.length ? tableOf(view.table, {label: "Notes and tags of trials"})
                : make("p", {className: "quiet", textContent: "Nothing was written of its trials. This page changes nothing: `eigensweep note` and `eigensweep tag` do."}),
              make("div", {className: "actions"}, csvButton(view.table, "notes")));
          }
        };

        renderers.hosts = {
          asks: () => ["hosts", new URLSearchParams()],
          render(view, sweep) {
            controls([sweep.name], () => []);
            element("content").replaceChildren(...view.listings.map(listing => make("section", {}, make("h2", {textContent: listing.title}),
              listing.note ? make("p", {className: "quiet", textContent: listing.note}) : null,
              listing.table.rows.length ? tableOf(listing.table, {label: listing.title}) : make("p", {className: "quiet", textContent: "None."}),
              make("div", {className: "actions"}, csvButton(listing.table, listing.table.name)))));
          }
        };

        """#
}
