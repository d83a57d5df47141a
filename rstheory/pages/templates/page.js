"use strict";
// Draws each chart in place of its still, and hands what the reader sets to the charts of the same section.
(() => {
  const read = (id, revive) => JSON.parse(document.getElementById(id).textContent, revive);
  const data = read("data");
  const specs = read("specs", (key, part) => (key === "legend" && part ? { disable: true } : part)); // the check boxes are the legend
  const drawn = new Map(); // holder of a view -> promise of its Vega view

  const named = (spec) =>
    spec === null || typeof spec !== "object"
      ? []
      : [...(spec.data && spec.data.name ? [spec.data.name] : []), ...Object.values(spec).flatMap(named)];

  // The values of the controls that act on a chart: those of its section, then its own.
  const settings = (holder) => {
    const values = {};
    for (const control of holder.closest("section").querySelectorAll("[data-param]")) {
      values[control.dataset.param] = value(control);
    }
    return values;
  };

  const value = (control) =>
    control.tagName === "FIELDSET"
      ? Array.from(control.querySelectorAll("input"), (box) => box.checked)
      : Number(control.value);

  const draw = (holder) => {
    if (!drawn.has(holder)) drawn.set(holder, embed(holder));
    return drawn.get(holder);
  };

  const embed = async (holder) => {
    const spec = specs[Number(holder.dataset.spec)];
    const set = settings(holder);
    const datasets = Object.fromEntries(named(spec).map((name) => [name, data[name]]));
    const params = (spec.params || []).map((param) => (param.name in set ? { ...param, value: set[param.name] } : param));
    const live = document.createElement("div");
    live.className = "live";
    const drawing = holder.querySelector(".drawing");
    drawing.append(live);
    const options = { mode: "vega-lite", renderer: "svg", actions: false };
    const result = await vegaEmbed(live, { ...spec, datasets, params }, options);
    result.view.logLevel(1); // errors only: where the reader hides every log there is nothing to scale, and that is fine
    live.querySelector("svg").setAttribute("aria-hidden", "true");
    drawing.querySelector(".still").hidden = true;
    holder.classList.add("drawn");
    return { view: result.view, params: new Set(params.map((param) => param.name)) };
  };

  const tell = (section) => {
    const set = (name) => Number(section.querySelector(`select[data-param="${name}"]`).value);
    for (const note of section.querySelectorAll("[data-texts]")) {
      const [first, second] = note.dataset.params.split(" ");
      note.textContent = JSON.parse(note.dataset.texts)[set(first)][set(second)];
    }
  };

  const change = async (control) => {
    for (const [holder, promise] of drawn) {
      if (holder.closest("section") === control.closest("section")) {
        const { view, params } = await promise;
        if (params.has(control.dataset.param)) await view.signal(control.dataset.param, value(control)).runAsync();
      }
    }
  };

  for (const control of document.querySelectorAll("[data-param]")) {
    control.addEventListener("input", () => {
      if (control.dataset.names) {
        const text = JSON.parse(control.dataset.names)[Number(control.value)];
        control.setAttribute("aria-valuetext", text);
        control.parentElement.querySelector("output").textContent = text;
      }
      tell(control.closest("section"));
      change(control);
    });
  }

  // A chart is drawn when it comes near to what the reader sees; until then its still is there.
  const near = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
    { rootMargin: "50%" },
  );
  for (const figure of document.querySelectorAll("figure")) {
    const holders = Array.from(figure.querySelectorAll(".view"));
    const show = (chosen) => {
      holders.forEach((holder, place) => {
        holder.hidden = place !== chosen;
        near.unobserve(holder);
        near.observe(holder); // anew, so that one that was hidden is looked at
      });
    };
    for (const radio of figure.querySelectorAll(".views input")) {
      radio.addEventListener("change", () => show(Number(radio.value)));
    }
    show(0);
  }
  for (const item of document.querySelectorAll(".controls, .views")) item.hidden = false;
  document.documentElement.classList.add("scripted");
})();
