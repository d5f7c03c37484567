extension ServedScript {
    /// The map and curves: two axes and sliders for the rest.
    static let map = #"""
        function asksPlaces(kind) {
          const query = new URLSearchParams({as: kind});
          for (const key of ["x", "y", "show"]) if (state[key]) query.set(key, state[key]);
          if (kind === "curves" && state.show === "phase") query.delete("show");
          for (const [key, value] of Object.entries(state.at)) query.set("at." + key, value);
          return ["places", query];
        }

        function placesControls(view, sweep, kind) {
          const axes = sweep.axes.filter(axis => axis.values.length);
          const signature = [sweep.name, sweep.axes.map(axis => [axis.key, axis.count]), sweep.quantities, view.x, view.y, view.shown];
          const place = controls(signature, () => {
            const options = axes.map(axis => [axis.key, axis.key]);
            const others = [["-", "none"], ...options.filter(([key]) => key !== view.x)];
            const shownOptions = [];
            if (kind === "map" && sweep.quantities.some(one => one.name === "memorization.copied")) shownOptions.push(["phase", "phases"]);
            for (const one of sweep.quantities) {
              if (!one.levels.length) shownOptions.push([one.name, one.name]);
              for (const level of one.levels) shownOptions.push([`${one.name}@${level}`, `${one.name} at σ = ${shown(level)}`]);
            }
            if (view.shown && !shownOptions.some(([key]) => key === view.shown)) shownOptions.push([view.shown, view.shown]);
            const keep = {x: view.x, y: view.y || "-", show: view.shown};
            const sliders = axes.filter(axis => axis.key !== view.x && axis.key !== view.y && axis.count > 1).map(axis => slider(axis, view));
            return [make("div", {className: "controls"},
              choice(kind === "curves" ? "Along" : "Columns", options, view.x,
                x => go({...keep, x, y: x === view.y ? view.x : keep.y, place: null}), ""),
              choice(kind === "curves" ? "A line for each" : "Rows", others, keep.y, y => go({...keep, y, place: null}), ""),
              choice("Shows", shownOptions, view.shown || "", show => go({...keep, show}), ""), ...sliders)];
          });
          // What sliders do not say is not moved while somebody moves them.
          for (const input of place.querySelectorAll("input[type=range]")) {
            if (document.activeElement !== input) input.set(view);
          }
        }

        function slider(axis, view) {
          const output = make("output", {});
          const input = make("input", {type: "range", min: -1, max: axis.values.length - 1, step: 1, ariaLabel: axis.key});
          const tell = () => {
            const index = Number(input.value);
            const text = index < 0 ? `mean over ${axis.count}` : axis.values[index];
            output.textContent = text;
            input.setAttribute("aria-valuetext", text);
          };
          input.set = view => {
            const value = view.fixed[axis.key];
            input.value = value === undefined ? -1 : axis.values.indexOf(value);
            tell();
          };
          input.set(view);
          input.addEventListener("input", () => {
            tell();
            const index = Number(input.value);
            go({x: answer.view.x, y: answer.view.y || "-", show: answer.view.shown,
                at: {...state.at, [axis.key]: index < 0 ? "*" : axis.values[index]}}, true);
          });
          return make("label", {}, make("span", {}, axis.label + " ", output), input);
        }

        // What stands in a cell, and its colour.
        function looks(view, sweep) {
          const columns = view.table.columns, at = name => columns.indexOf(name);
          if (view.shown === "phase") {
            const [phase, copied] = [at("phase"), at("copied")];
            const met = Object.keys(view.colours).filter(name => view.table.rows.some(row => row[phase] === name));
            return {
              text: row => row[copied] === null ? "–" : Math.round(row[copied] * 100) + " %",
              fill: row => view.colours[row[phase]] || null,
              legend: met.map(name => [view.colours[name], name]), isWhole: view.table.rows.every(row => row[phase] !== null),
              caption: "Numbers: share of samples that are copies of training images."
            };
          }
          const mean = at("mean"), values = view.table.rows.map(row => row[mean]).filter(value => value !== null);
          const low = Math.min(...values), high = Math.max(...values);
          const share = value => high > low ? (value - low) / (high - low) : .5;
          return {
            text: row => mean < 0 || row[mean] === null ? "–" : shown(Number(row[mean].toPrecision(3))),
            fill: row => mean < 0 || row[mean] === null ? null : colour(share(row[mean])),
            legend: !values.length ? [] : low === high ? [[colour(.5), shown(low)]] : [[colour(0), shown(low)], [colour(.5), shown((low + high) / 2)], [colour(1), shown(high)]],
            isWhole: values.length === view.table.rows.length,
            caption: view.shown ? view.shown + "." : ""
          };
        }

        function averagedWords(view) {
          const place = Object.entries(view.fixed).map(([key, value]) => `${label(key)} = ${value}`).join(", ");
          const means = view.averaged.map(label).join(", ");
          return `${view.trials.toLocaleString("en")} trial${view.trials === 1 ? "" : "s"}${place ? " with " + place : ""}${means ? "; means over " + means : ""}.`;
        }

        function drawMap(view, look, chosen) {
          const hasY = view.y !== null;
          const axisX = answer.sweep.axes.find(axis => axis.key === view.x), axisY = answer.sweep.axes.find(axis => axis.key === view.y);
          const xs = [...new Set(view.cells.map(cell => cell.x))].sort((a, b) => a - b);
          const ys = hasY ? [...new Set(view.cells.map(cell => cell.y))].sort((a, b) => b - a) : [-1];
          const value = (axis, code) => brief(isNaN(axis.values[code]) ? axis.values[code] : Number(axis.values[code]));
          const names = hasY ? ys.map(code => value(axisY, code)) : [];
          const left = Math.max(14, ...names.map(name => 14 + 7 * String(name).length)), top = hasY ? 24 : 8;
          // On a phone the map has the page's width, else what the chosen place beside it leaves.
          const room = element("content").clientWidth - (innerWidth >= 900 ? 420 : 0) - left - 12;
          const width = Math.max(6, Math.min(120, xs.length > 24 ? 14 : room / xs.length)), height = Math.max(6, Math.min(64, 560 / ys.length));
          // Of a cell's text as much as has room.
          const fitting = text => [text, text.replace(" %", "")].find(one => one.length * 7 <= width - 2) || "";
          return ink => {
            const made = svg("svg", {width: left + width * xs.length + 12, height: top + height * ys.length + 48, role: "grid"});
            const widest = Math.max(...xs.map(code => String(value(axisX, code)).length));
            const step = Math.ceil((8 + 7 * widest) / width), stepY = Math.ceil(14 / height);
            const rows = new Map(ys.map(y => [y, svg("g", {role: "row"})]));
            view.cells.forEach((cell, index) => {
              const row = view.table.rows[index], fill = look.fill(row);
              const x = left + xs.indexOf(cell.x) * width, y = top + ys.indexOf(cell.y) * height;
              const group = svg("g", {role: "gridcell", "data-cell": index, tabindex: index === chosen ? 0 : -1, "aria-selected": index === chosen,
                "aria-label": `${cell.place}: ${look.text(row)}${row[view.table.columns.indexOf("phase")] ? ", " + row[view.table.columns.indexOf("phase")] : ""}`},
                svg("rect", {x, y, width, height, fill: fill || "none", stroke: fill ? ink.ground : ink.line}));
              if (height > 13) {
                group.append(svg("text", {x: x + width / 2, y: y + height / 2 + 4, "text-anchor": "middle", fill: fill ? inkOn(fill) : ink.quiet}, fitting(look.text(row))));
              }
              if (index === chosen) group.append(svg("rect", {x: x + 1.5, y: y + 1.5, width: width - 3, height: height - 3, fill: "none", stroke: ink.text, "stroke-width": 2.5}));
              rows.get(cell.y).append(group);
            });
            made.append(...rows.values());
            const bottom = top + height * ys.length;
            xs.forEach((code, index) => {
              if (index % step === 0) made.append(svg("text", {x: left + (index + .5) * width, y: bottom + 16, "text-anchor": "middle", fill: ink.text}, value(axisX, code)));
            });
            if (hasY) ys.forEach((code, index) => {
              if (index % stepY === 0) made.append(svg("text", {x: left - 8, y: top + (index + .5) * height + 4, "text-anchor": "end", fill: ink.text}, value(axisY, code)));
            });
            made.append(svg("text", {x: left, y: bottom + 38, fill: ink.quiet}, axisX.label + " →"));
            if (hasY) made.append(svg("text", {x: 4, y: 14, fill: ink.quiet}, "↑ " + axisY.label));
            return made;
          };
        }

        function chosenCell(view) {
          const found = view.cells.findIndex(cell => `${cell.x},${cell.y}` === state.place);
          return found < 0 ? 0 : found;
        }

        function legend(entries) {
          return make("ul", {className: "legend"}, ...entries.map(([fill, text]) => make("li", {},
            svg("svg", {width: 14, height: 14, "aria-hidden": true}, svg("rect", {x: .5, y: .5, width: 13, height: 13, fill: fill || "none", stroke: "#888888"})), text)));
        }

        function cellDetail(view, index) {
          const cell = view.cells[index], row = view.table.rows[index];
          const facts = view.table.columns.flatMap((name, column) => [make("dt", {textContent: name}), make("dd", {textContent: shown(row[column])})]);
          const names = cell.pictures.map(one => `${one.measure}: ${one.name.replace(/\.png$/, "")}`);
          const wanted = Math.max(0, names.indexOf(state.picture || ""));
          const parts = [make("h2", {textContent: cell.place || "All places together"}), make("dl", {className: "facts"}, ...facts)];
          if (cell.place !== cell.point) parts.push(make("p", {className: "quiet", textContent: `Numbers are means; pictures are of ${cell.point}.`}));
          if (names.length > 1) {
            parts.push(make("div", {className: "controls"}, choice("Picture", names.map(name => [name, name]), names[wanted], picture => go({picture}, true), "")));
          }
          parts.push(names.length ? picture(cell.pictures[wanted].digest, names[wanted])
            : make("p", {className: "quiet", textContent: view.cells.length > 400 ? "Fewer places show their pictures." : "No picture was recorded here yet."}));
          parts.push(make("div", {className: "actions"}, button("Set beside others", () => go({view: "compare", trials: [...new Set([...state.trials, cell.trial])]})),
            button("Its trials", () => go({view: "trials", where: placeWords(view, cell), sort: null}))));
          return make("div", {role: "region", ariaLabel: "The chosen place", ariaLive: "polite"}, ...parts);
        }

        // The trials of a place, as an expression over what is asked for exactly.
        function placeWords(view, cell) {
          const asked = Object.entries(view.fixed);
          for (const [key, code] of [[view.x, cell.x], [view.y, cell.y]]) {
            if (key) asked.push([key, answer.sweep.axes.find(axis => axis.key === key).values[code]]);
          }
          return asked.filter(([key]) => !/^training\.(images|epochs|steps)$/.test(key)).map(([key, value]) =>
            `${key} = ${isNaN(value) ? "'" + value.replaceAll("\\", "\\\\").replaceAll("'", "\\'") + "'" : value}`).join(" and ");
        }

        renderers.map = {
          asks: () => asksPlaces("map"),
          render(view, sweep) {
            placesControls(view, sweep, "map");
            if (!view.table || !view.cells.length) return element("content").replaceChildren(make("p", {textContent: "No trial is at these places."}));
            const chosen = chosenCell(view), look = looks(view, sweep);
            const {made, box, saveIt} = drawing(drawMap(view, look, chosen), "map", `Map of ${view.shown} over ${view.x}${view.y ? " and " + view.y : ""}; arrow keys move`);
            const choose = (index, hasKeys) => {
              const cell = view.cells[index];
              history.replaceState(null, "", address({place: `${cell.x},${cell.y}`}));
              readAddress();
              renderers.map.render(view, sweep);
              if (hasKeys) document.querySelector(`[data-cell="${index}"]`).focus();
            };
            made.addEventListener("click", event => {
              const cell = event.target.closest("[data-cell]");
              if (cell) choose(Number(cell.dataset.cell), true);
            });
            made.addEventListener("keydown", event => {
              const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
              if (!step) return;
              event.preventDefault();
              const from = view.cells[chosen];
              // The nearest place in that direction, along the same row or column.
              let best = -1, least = Infinity;
              view.cells.forEach((cell, index) => {
                const along = (cell.x - from.x) * step[0] + (cell.y - from.y) * step[1];
                const across = step[0] ? cell.y - from.y : cell.x - from.x;
                if (along > 0 && across === 0 && along < least) [best, least] = [index, along];
              });
              if (best >= 0) choose(best, true);
            });
            const hadFocus = document.activeElement && document.activeElement.closest && document.activeElement.closest("[data-cell]");
            element("content").replaceChildren(make("div", {className: "sides"},
              make("div", {}, box, legend(look.isWhole ? look.legend : [...look.legend, [null, "not measured yet"]]), make("p", {className: "quiet", textContent: look.caption + " " + averagedWords(view)}),
                make("div", {className: "actions"}, saveIt, csvButton(view.table, "map")), numbers(view.table, "map")),
              cellDetail(view, chosen)));
            if (hadFocus) document.querySelector(`[data-cell="${chosen}"]`).focus();
          }
        };

        function drawCurves(view, column, bounds) {
          const rows = view.table.rows, columns = view.table.columns;
          const axisY = answer.sweep.axes.find(axis => axis.key === view.y);
          const series = [...new Set(view.cells.map(cell => cell.y))].sort((a, b) => a - b);
          const share = code => series.length > 1 ? series.indexOf(code) / (series.length - 1) : .4;
          const points = view.cells.map((cell, index) => ({cell, row: rows[index], x: rows[index][0], y: rows[index][column]})).filter(point => point.y !== null);
          const spread = bounds ? points.flatMap(point => bounds.map(at => point.row[at])).filter(value => value !== null) : [];
          const width = Math.max(330, Math.min(860, element("content").clientWidth - 8)), height = 420, [left, right, top, bottom] = [58, 12, 14, 44];
          const draw = ink => {
            const made = svg("svg", {width, height, role: "img"});
            const xs = scale(points.map(point => point.x), left, width - right, {at: [...new Set(points.map(point => point.x))]});
            const ys = scale([...points.map(point => point.y), ...spread], height - bottom, top, {log: state.log === "1" ? true : state.log === "0" ? false : undefined});
            for (const [x, text] of xs.ticks) made.append(
              svg("line", {x1: x, x2: x, y1: top, y2: height - bottom, stroke: ink.line}), svg("text", {x, y: height - bottom + 17, "text-anchor": "middle", fill: ink.text}, text));
            for (const [y, text] of ys.ticks) made.append(
              svg("line", {x1: left, x2: width - right, y1: y, y2: y, stroke: ink.line}), svg("text", {x: left - 7, y: y + 4, "text-anchor": "end", fill: ink.text}, text));
            made.append(svg("text", {x: width - right, y: height - 8, "text-anchor": "end", fill: ink.quiet}, label(view.x) + " →"));
            for (const code of series) {
              const own = points.filter(point => point.cell.y === code), fill = ink.shade(share(code));
              if (own.length > 1) made.append(svg("polyline", {points: own.map(point => `${xs.place(point.x)},${ys.place(point.y)}`).join(" "), fill: "none", stroke: fill, "stroke-width": 2}));
              for (const point of own) {
                const x = xs.place(point.x), ends = bounds ? bounds.map(at => point.row[at]) : [null];
                if (!ends.includes(null)) made.append(svg("line", {x1: x, x2: x, y1: ys.place(ends[0]), y2: ys.place(ends[1]), stroke: fill}));
                const dot = svg("circle", {cx: x, cy: ys.place(point.y), r: 4, fill, stroke: ink.ground});
                dot.addEventListener("pointermove", event => showTip(event, `${point.cell.place}\n${columns[column]} = ${shown(point.y)}${ends.includes(null) ? "" : ` (${shown(ends[0])} to ${shown(ends[1])})`}`));
                dot.addEventListener("pointerleave", hideTip);
                made.append(dot);
              }
            }
            return made;
          };
          return {draw, legend: view.y === null ? [] : series.map(code => [inks(false).shade(share(code)), `${axisY.label} = ${axisY.values[code]}`]), count: points.length};
        }

        renderers.curves = {
          asks: () => asksPlaces("curves"),
          render(view, sweep) {
            placesControls(view, sweep, "curves");
            if (!view.table || !view.cells.length) return element("content").replaceChildren(make("p", {textContent: "No trial is at these places."}));
            const at = name => view.table.columns.indexOf(name);
            const column = at("mean") < 0 ? at("copied") : at("mean");
            const bounds = at("ci95_low") < 0 ? null : [at("ci95_low"), at("ci95_high")];
            const title = view.shown === "phase" ? "memorization.copied" : view.shown;
            const plan = column < 0 ? {count: 0} : drawCurves(view, column, bounds);
            if (!plan.count) return element("content").replaceChildren(make("p", {textContent: "Nothing of this was measured yet; the first milestone shows here as it comes."}));
            const {box, saveIt} = drawing(plan.draw, "curves", `${title} along ${view.x}`);
            element("content").replaceChildren(make("h2", {textContent: `${title} along ${label(view.x)}`}), box, legend(plan.legend),
              make("p", {className: "quiet", textContent: averagedWords(view) + " Bars are 95 % intervals."}),
              make("div", {className: "actions"}, button(state.log === "1" ? "Linear values" : "Logarithmic values", () => go({log: state.log === "1" ? "0" : "1"}, true)),
                saveIt, csvButton(view.table, "curves")), numbers(view.table, "curves"));
          }
        };

        """#
}
