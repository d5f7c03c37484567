extension ServedScript {
    /// The list of trials, and trials as lines through parallel axes.
    static let trials = #"""
        const askHelp = "such as dataset.size >= 256 and memorization.copied > 0.1";
        // Where the pages before this one began.
        let earlier = [];

        function pick(id, isPicked) {
          const others = state.trials.filter(one => one !== id);
          history.replaceState(null, "", address({trials: isPicked ? [...others, id] : others}));
          readAddress();
          render();
        }

        function listControls(sweep, suggestion) {
          controls([sweep.name, state.where, state.tag, state.note, state.columns], () => [make("form", {className: "controls"},
            field("Only trials of which this holds", state.where, askHelp, where => { earlier = []; go({where, from: null}); }),
            field("With the tags", state.tag, "such as figure-2", tag => { earlier = []; go({tag, from: null}); }),
            field("Note has", state.note, "words", note => { earlier = []; go({note, from: null}); }),
            field("Columns besides", state.columns, suggestion, columns => { earlier = []; go({columns, from: null}); }))]);
          element("controls").firstChild.addEventListener("submit", event => event.preventDefault());
        }

        function suggested(sweep) {
          const one = sweep.quantities[0];
          return one ? `such as ${one.name}${one.levels.length ? "@" + shown(one.levels[0]) : ""}` : "such as parameters";
        }

        renderers.trials = {
          asks() {
            const query = new URLSearchParams();
            for (const [name, value] of [["where", state.where], ["tag", state.tag], ["note", state.note], ["show", state.columns], ["sort", state.sort], ["from", state.from]]) if (value) query.set(name, value);
            return ["trials", query];
          },
          render(view, sweep) {
            listControls(sweep, suggested(sweep));
            const id = view.table.columns.indexOf("trial_id");
            const list = tableOf(view.table, {
              label: "Trials", firstTitle: "beside", sorted: state.sort,
              sort: sort => { earlier = []; go({sort, from: null}); },
              first: row => {
                const box = make("input", {type: "checkbox", checked: state.trials.includes(row[id]), ariaLabel: "set beside others: " + row[id].slice(0, 8)});
                box.addEventListener("change", () => pick(row[id], box.checked));
                return box;
              }
            });
            const looked = state.sort ? `${view.count.toLocaleString("en")} trials, sorted.`
              : `${view.searched.toLocaleString("en")} of ${view.count.toLocaleString("en")} places looked through.`;
            element("content").replaceChildren(list,
              make("div", {className: "actions"},
                button("Earlier", () => go({from: earlier.pop() || null}), {disabled: !state.from}),
                button(view.table.rows.length < 100 && view.next !== null ? "Look further" : "Later", () => { earlier.push(state.from || null); go({from: String(view.next)}); }, {disabled: view.next === null}),
                make("span", {className: "quiet", textContent: looked}),
                button(`Side by side (${state.trials.length})`, () => go({view: "compare"}), {disabled: !state.trials.length}),
                csvButton(view.table, "trials"), make("span", {className: "quiet", textContent: "The CSV holds this page; the command gives all."})));
          }
        };

        function drawLines(view, dimensions) {
          const columns = dimensions.map(name => view.table.columns.indexOf(name));
          const spacing = Math.max(96, Math.min(220, (element("content").clientWidth - 80) / Math.max(1, dimensions.length - 1)));
          const width = 80 + spacing * Math.max(1, dimensions.length - 1) + 40, height = 460, [top, bottom] = [42, 20];
          const last = columns[columns.length - 1];
          return ink => {
            const made = svg("svg", {width, height, role: "img"});
            const scales = columns.map(column => {
              const values = view.table.rows.map(row => row[column]), steps = [...new Set(values)].filter(value => typeof value === "number");
              return scale(values, height - bottom, top, {at: steps});
            });
            const shade = scale(view.table.rows.map(row => row[last]), 0, 1);
            const opacity = Math.max(.12, Math.min(.9, 40 / view.table.rows.length));
            for (const row of view.table.rows) {
              const places = columns.map((column, index) => row[column] === null ? null : [60 + index * spacing, scales[index].place(row[column])]);
              const path = places.map((place, index) => place === null ? "" : (index && places[index - 1] ? "L" : "M") + place.map(at => at.toFixed(1)).join(" ")).join("");
              const line = svg("path", {d: path, fill: "none", stroke: row[last] === null ? ink.line : ink.shade(shade.place(row[last])), "stroke-opacity": opacity, "stroke-width": 1.5});
              line.addEventListener("pointermove", event => { line.setAttribute("stroke-opacity", 1); line.setAttribute("stroke-width", 3); showTip(event, `${row[1]}\n${dimensions.map((name, index) => `${name} = ${shown(row[columns[index]])}`).join("\n")}`); });
              line.addEventListener("pointerleave", () => { line.setAttribute("stroke-opacity", opacity); line.setAttribute("stroke-width", 1.5); hideTip(); });
              line.addEventListener("click", () => go({view: "compare", trials: [...new Set([...state.trials, row[0]])]}));
              made.append(line);
            }
            dimensions.forEach((name, index) => {
              const x = 60 + index * spacing;
              made.append(svg("line", {x1: x, x2: x, y1: top, y2: height - bottom, stroke: ink.quiet}),
                svg("text", {x, y: index % 2 ? 28 : 13, "text-anchor": index === dimensions.length - 1 ? "end" : "middle", fill: ink.text, ...halo(ink)}, label(name) + (scales[index].isLog ? " (log)" : "")));
              for (const [y, text] of scales[index].ticks) made.append(
                svg("line", {x1: x - 4, x2: x, y1: y, y2: y, stroke: ink.quiet}), svg("text", {x: x - 6, y: y + 4, "text-anchor": "end", fill: ink.text, ...halo(ink)}, text));
            });
            return made;
          };
        }

        renderers.lines = {
          asks() {
            const query = new URLSearchParams();
            for (const name of ["where", "tag", "note"]) if (state[name]) query.set(name, state[name]);
            if (state.columns) query.set("show", state.columns);
            return ["lines", query];
          },
          render(view, sweep) {
            listControls(sweep, suggested(sweep));
            const skipped = ["trial_id", "point", "state", "host", "seconds"];
            const dimensions = view.table.columns.filter((name, index) => !skipped.includes(name) && view.table.rows.some(row => row[index] !== null));
            if (!view.table.rows.length || !dimensions.length) return element("content").replaceChildren(make("p", {textContent: "No trial is left, or none differs from another."}));
            const {box, saveIt} = drawing(drawLines(view, dimensions), "axes", `${view.table.rows.length} trials as lines through ${dimensions.join(", ")}`);
            const part = view.isWhole ? `${view.table.rows.length.toLocaleString("en")} trials, all that are asked for.`
              : state.where || state.tag || state.note ? `The first ${view.table.rows.length.toLocaleString("en")} trials of which this holds; there may be more.`
              : `${view.table.rows.length.toLocaleString("en")} of ${view.count.toLocaleString("en")} trials, spread over the whole sweep.`;
            element("content").replaceChildren(box, make("p", {className: "quiet", textContent: part + " Coloured by the last axis; a click sets a trial beside others."}),
              make("div", {className: "actions"}, saveIt, csvButton(view.table, "axes")), numbers(view.table, "axes"));
          }
        };

        """#
}
