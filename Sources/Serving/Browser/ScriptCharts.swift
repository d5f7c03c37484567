extension ServedScript {
    /// Drawings as SVG: scales, axes, colours; a saved drawing is the same on white paper.
    static let charts = #"""
        function svg(name, attributes, ...children) {
          const made = document.createElementNS("http://www.w3.org/2000/svg", name);
          for (const [key, value] of Object.entries(attributes || {})) {
            if (value !== null && value !== undefined) made.setAttribute(key, value);
          }
          made.append(...children.filter(child => child !== null && child !== undefined));
          return made;
        }

        // On a dark ground the darkest third of the colours would not be seen.
        const darkness = matchMedia("(prefers-color-scheme: dark)");
        const shadeOf = isDark => share => colour(isDark ? .34 + .66 * share : share);
        // Of a view that was left, or whose answer has not come, there is nothing to draw.
        darkness.addEventListener("change", () => { if (answer && answer.of === state.view) render(); });

        function inks(isPaper) {
          if (isPaper) return {shade: shadeOf(false), text: "#1b1f24", quiet: "#59636e", line: "#d5dae0", ground: "#ffffff", accent: "#1d5fa8"};
          const found = getComputedStyle(document.documentElement);
          const ink = name => found.getPropertyValue("--" + name).trim();
          return {shade: shadeOf(darkness.matches), text: ink("text"), quiet: ink("quiet"), line: ink("line"), ground: ink("ground"), accent: ink("accent")};
        }

        // Text that lines run behind keeps a rim of the ground.
        const halo = ink => ({stroke: ink.ground, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke"});

        // Viridis, without its yellow end, which could not be read on white.
        const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [190, 205, 40]];
        function colour(share) {
          const place = Math.min(1, Math.max(0, share)) * (stops.length - 1), low = Math.min(stops.length - 2, Math.floor(place));
          const mixed = stops[low].map((value, index) => Math.round(value + (stops[low + 1][index] - value) * (place - low)));
          return `rgb(${mixed.join(",")})`;
        }
        function inkOn(fill) {
          const parts = fill.startsWith("#")
            ? [1, 3, 5].map(at => parseInt(fill.slice(at, at + 2), 16)) : fill.match(/\d+/g).map(Number);
          return parts[0] * .299 + parts[1] * .587 + parts[2] * .114 > 140 ? "#1b1f24" : "#ffffff";
        }

        // A logarithmic axis where values are positive and span more than a decade; text and few values are spread evenly.
        function scale(values, from, to, wishes = {}) {
          const numbers = values.filter(value => typeof value === "number" && Number.isFinite(value));
          if (!numbers.length || numbers.length < values.filter(value => value !== null).length) {
            const steps = [...new Set(values.filter(value => value !== null).map(String))];
            const place = value => from + (to - from) * (steps.indexOf(String(value)) + .5) / Math.max(1, steps.length);
            const step = Math.ceil(steps.length / 12);
            return {place, ticks: steps.filter((_, index) => index % step === 0).map(text => [place(text), text])};
          }
          let low = Math.min(...numbers), high = Math.max(...numbers);
          const isLog = low > 0 && (wishes.log ?? high / low > 12);
          const turn = value => isLog ? Math.log(value) : value;
          if (low === high) [low, high] = isLog ? [low / 2, high * 2] : [low - .5, high + .5];
          const [a, b] = [turn(low), turn(high)];
          const gap = (b - a) * .04;
          const place = value => from + (to - from) * (turn(value) - a + gap) / (b - a + 2 * gap);
          let steps = [];
          if (isLog) {
            const decades = Math.log10(high / low);
            const factors = decades > 4 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 3, 5, 7];
            for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
              for (const factor of factors) steps.push(factor * 10 ** power);
            }
            const each = Math.ceil(decades / 8);
            if (decades > 8) steps = steps.filter(value => Math.round(Math.log10(value)) % each === 0);
          } else {
            const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
            const step = [1, 2, 5, 10].map(factor => factor * power).find(one => one >= rough);
            for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) steps.push(value);
          }
          steps = steps.filter(value => value >= low * (isLog ? .999 : 1) - 1e-12 && value <= high * (isLog ? 1.001 : 1) + 1e-12);
          if (wishes.at && wishes.at.length <= 8) steps = wishes.at;
          return {place, isLog, ticks: steps.map(value => [place(value), brief(value)])};
        }

        function brief(value) {
          if (typeof value !== "number") return String(value);
          const size = Math.abs(value);
          for (const [unit, sign] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
            if (size >= unit && size >= 10000) return Number((value / unit).toPrecision(3)) + sign;
          }
          if (size !== 0 && size < 1e-3) return value.toExponential(1).replace(".0e", "e");
          return String(Number(value.toPrecision(4)));
        }

        // A drawing is made by `draw(inks)`, again for paper where it is saved.
        function drawing(draw, name, label) {
          const made = draw(inks(false));
          made.classList.add("chart");
          const saveIt = button("Save SVG", () => {
            const paper = draw(inks(true));
            paper.setAttribute("xmlns", "http://www.w3.org/2000/svg");
            paper.setAttribute("font-family", "system-ui, sans-serif");
            paper.setAttribute("font-size", "12");
            paper.prepend(svg("rect", {width: "100%", height: "100%", fill: "#ffffff"}));
            for (const text of paper.querySelectorAll("[tabindex]")) text.removeAttribute("tabindex");
            save(`${answer.sweep.name}-${name}.svg`.replaceAll("/", "-"), "image/svg+xml", paper.outerHTML);
          });
          made.setAttribute("aria-label", label);
          return {made, box: make("div", {className: "scroll"}, made), saveIt};
        }

        function label(key) {
          const axis = answer.sweep.axes.find(one => one.key === key);
          return axis ? axis.label : key;
        }

        """#
}
