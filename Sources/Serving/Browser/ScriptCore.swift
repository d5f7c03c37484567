extension ServedScript {
    /// What the page is at, which its address tells; asking the server, again after each change; what every view says.
    static let core = #"""
        "use strict";
        const base = location.pathname.replace(/\/?$/, "/");
        const element = id => document.getElementById(id);

        function make(name, properties, ...children) {
          const made = document.createElement(name);
          for (const [key, value] of Object.entries(properties || {})) {
            if (key.startsWith("aria") || key === "role") {
              made.setAttribute(key.replace(/^aria([A-Z])/, (_, letter) => "aria-" + letter.toLowerCase()), value);
            } else made[key] = value;
          }
          made.append(...children.filter(child => child !== null && child !== undefined));
          return made;
        }

        const views = {
          map: "Map", curves: "Curves", trials: "Trials", lines: "Parallel axes", compare: "Side by side",
          figures: "Figures", hosts: "Hosts and failures", notes: "Notes and tags"
        };
        // A view's renderer is given the answer's `view`; `asks` says what it asks for.
        const renderers = {};
        let state = {}, answer = null, latest = 0, seen = 0, asking = null, cost = 0, later = null, loads = 0;

        function readAddress() {
          const parts = new URLSearchParams(location.hash.slice(1));
          state = {view: "map", at: {}, trials: []};
          for (const [key, value] of parts) {
            if (key.startsWith("at.")) state.at[key.slice(3)] = value;
            else if (key === "trials") state.trials = value.split(",").filter(id => id);
            else state[key] = value;
          }
          if (!views[state.view]) state.view = "map";
        }

        function address(changes) {
          const next = {...state, ...changes};
          const parts = new URLSearchParams();
          for (const [key, value] of Object.entries(next)) {
            if (key === "at") for (const [axis, text] of Object.entries(value)) parts.set("at." + axis, text);
            else if (key === "trials") { if (value.length) parts.set(key, value.join(",")); }
            else if (value !== null && value !== undefined && value !== "") parts.set(key, value);
          }
          return "#" + parts;
        }

        // Small steps, such as a slider's, leave no trace in the browser's history.
        function go(changes, isStep) {
          history[isStep ? "replaceState" : "pushState"](null, "", address(changes));
          readAddress();
          return load();
        }

        // A sweep's axes and quantities are its own.
        function goToSweep(sweep) {
          state = {view: state.view, at: {}, trials: []};
          return go({sweep});
        }

        async function load() {
          if (asking) asking.abort();
          const own = asking = new AbortController();
          clearTimeout(later);
          later = null;
          const began = performance.now();
          const slow = setTimeout(() => { if (own === asking) complain("No answer yet: the catalogue may be large, or locked by another program. What comes is shown."); }, 3000);
          try {
            const view = state.view;
            const [name, query] = renderers[view].asks();
            if (state.sweep) query.set("sweep", state.sweep);
            const reply = await fetch(base + "view/" + name + "?" + query, {signal: own.signal});
            if (reply.status === 403) return complain("this address is not known any more: the server was started anew");
            const found = await reply.json();
            if (own !== asking) return;
            cost = performance.now() - began;
            seen = found.changes;
            if (found.error) {
              complain(found.error);
              if (found.mayPass) tryAgain();
              return;
            }
            complain(null);
            answer = {...found, of: view};
            render();
          } catch (error) {
            if (error.name !== "AbortError") {
              complain(error.message === "Failed to fetch" ? "the server does not answer" : error.message);
              tryAgain();
            }
          } finally {
            clearTimeout(slow);
            if (own === asking) {
              asking = null;
              document.body.dataset.loads = ++loads;
              if (latest > seen) refresh();
            }
          }
        }

        // What failed may have been locked or gone for a moment, of which no event tells.
        function tryAgain() {
          later = setTimeout(() => { later = null; load(); }, 5000);
        }

        // What costs much is asked for less often: a run beside it needs its processors.
        function refresh() {
          if (later || asking || document.hidden) return;
          if (renderers[state.view].isCostly) {
            const button = element("again");
            if (button) button.hidden = false;
            return;
          }
          later = setTimeout(() => { later = null; load(); }, Math.min(60000, Math.max(250, cost * 10)));
        }

        function complain(text) {
          const place = element("complaint");
          place.hidden = text === null;
          place.textContent = text || "";
        }

        function render() {
          const {sweeps, sweep, commit} = answer;
          const select = element("sweep");
          const names = sweeps.map(one => one.name);
          if (select.dataset.names !== JSON.stringify(names)) {
            select.replaceChildren(...[...names].reverse().map(name => make("option", {value: name, textContent: name})));
            select.dataset.names = JSON.stringify(names);
          }
          element("views").replaceChildren(...Object.entries(views).map(([view, title]) => {
            const count = view === "compare" && state.trials.length ? ` (${state.trials.length})` : "";
            const link = make("a", {href: address({view}), textContent: title + count});
            if (view === state.view) link.setAttribute("aria-current", "page");
            return link;
          }));
          Object.assign(document.body.dataset, {results: commit.results, attempts: commit.attempts, view: state.view});
          if (!sweep) {
            element("content").replaceChildren(make("p", {textContent: "The catalogue has no sweep yet."}));
            return;
          }
          select.value = sweep.name;
          document.title = `${sweep.name} – ${views[state.view]} – Eigensweep`;
          renderProgress(sweep, commit);
          renderers[state.view].render(answer.view, sweep);
          renderCommands(answer.view.commands || []);
        }

        function renderProgress(sweep, commit) {
          const states = sweep.states, total = Object.values(states).reduce((sum, count) => sum + count, 0);
          const done = states.succeeded || 0;
          const bar = make("progress", {max: Math.max(1, total), value: done, ariaLabel: "trials done"});
          const words = Object.entries(states).map(([name, count]) => `${count.toLocaleString("en")} ${name}`).join(", ");
          element("progress").replaceChildren(
            bar, ` ${done.toLocaleString("en")} of ${total.toLocaleString("en")} trials done: ${words}. `,
            make("span", {id: "commit", textContent: `Read at result ${commit.results}, attempt ${commit.attempts}.`}));
        }

        function renderCommands(lines) {
          const place = element("commands");
          place.hidden = !lines.length;
          place.replaceChildren(
            make("h2", {textContent: lines.length > 1 ? "Commands for these numbers" : "The command for these numbers"}),
            ...lines.map(line => {
              const copy = make("button", {type: "button", textContent: "Copy"});
              copy.addEventListener("click", async () => {
                try { await navigator.clipboard.writeText(line); copy.textContent = "Copied"; } catch {
                  getSelection().selectAllChildren(copy.previousSibling);
                }
                setTimeout(() => { copy.textContent = "Copy"; }, 1500);
              });
              return make("div", {className: "command-line"}, make("pre", {className: "command", textContent: line}), copy);
            }));
        }

        // Controls stay as they are while their choices do: somebody may be in the middle of using one.
        function controls(signature, build) {
          const place = element("controls");
          const key = state.view + " " + JSON.stringify(signature);
          if (place.dataset.signature !== key) {
            place.replaceChildren(...build());
            place.dataset.signature = key;
          }
          return place;
        }

        function choice(title, options, value, change, className) {
          const select = make("select", {}, ...options.map(([key, text]) => make("option", {value: key, textContent: text})));
          select.value = value;
          select.addEventListener("change", () => change(select.value));
          return make("label", {className: className || ""}, title, select);
        }

        function field(title, value, placeholder, change) {
          const input = make("input", {type: "text", value: value || "", placeholder, spellcheck: false, autocapitalize: "off"});
          input.addEventListener("change", () => change(input.value.trim()));
          return make("label", {className: "wide"}, title, input);
        }

        function button(text, action, properties) {
          const made = make("button", {type: "button", textContent: text, ...properties});
          made.addEventListener("click", action);
          return made;
        }

        """#
}
