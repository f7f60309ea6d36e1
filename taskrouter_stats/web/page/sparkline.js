// Small lines of recent values, drawn as SVG; decoration, since the value stands beside them.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 100;
const HEIGHT = 24;

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Return a line through the values, oldest first; a null leaves a gap. */
export function sparkline(values) {
  const svg = shape("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true",
    class: "sparkline", focusable: "false",
  });
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return svg;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const flat = Math.max(...known) === low;
  const step = WIDTH / (values.length - 1);
  const segments = [[]];
  values.forEach((value, index) => {
    if (value === null) segments.push([]);
    else {
      const y = flat ? HEIGHT / 2 : 2 + (HEIGHT - 4) * (1 - (value - low) / span);
      segments.at(-1).push([(index * step).toFixed(1), y.toFixed(1)]);
    }
  });
  for (const points of segments.filter((segment) => segment.length > 1)) {
    const line = points.map((point) => point.join(" ")).join("L");
    const [first, last] = [points[0][0], points.at(-1)[0]];
    svg.append(shape("path", { class: "area", d: `M${first} ${HEIGHT}L${line}L${last} ${HEIGHT}Z` }));
    svg.append(shape("path", { class: "line", d: `M${line}` }));
  }
  return svg;
}
