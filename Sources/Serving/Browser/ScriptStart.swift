extension ServedScript {
    /// Telling of changes, and the first load.
    static let start = #"""
        let source = null;
        function listen() {
          if (source) return;
          source = new EventSource(base + "events");
          source.addEventListener("message", event => {
            latest = Number(event.data);
            element("live").textContent = "● live";
            if (latest > seen) refresh();
          });
          source.addEventListener("error", () => { element("live").textContent = "○ not connected"; });
        }

        document.addEventListener("visibilitychange", () => {
          if (document.hidden) {
            if (source) source.close();
            source = null;
          } else listen();
        });
        addEventListener("hashchange", () => { readAddress(); load(); });
        element("sweep").addEventListener("change", () => goToSweep(element("sweep").value));
        readAddress();
        load();
        listen();
        """#
}
